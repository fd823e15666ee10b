# shellcheck shell=bash
# essd killed (-9) after each action of the engine and after each step of the recorder, and brought back by systemd: in
# every case the trip ends in time, and the ledger tells the truth about it. On the test build essd-sweep, which kills
# itself at the points of daemon/essd/kill_point.hpp.

# shellcheck source=tests/system/hard_cases.sh
source "$MACHINE_SOURCE/tests/system/hard_cases.sh"

KILL_PLAN=/run/ess-kill-plan
KILL_POINTS=/run/ess-kill-points
COPY=/var/lib/quantum-ess/latched
SWEEP_BINARY=${ESS_SWEEP:-$MACHINE_BINARIES/tests/essd-sweep}
# What systemd takes to bring essd back (RestartSec=, its start, the bus), on top of the stop's own limit.
RESTART_MS=1000
# More points than that mean that the sweep does not come to an end.
MOST_POINTS=60

# start_sweep NAME: armed, with the platform running, and an essd that can be killed at a point.
start_sweep() {
  local root
  [[ -x $SWEEP_BINARY ]] || skip "essd-sweep is not built"
  prepare "$1"
  root=$(machine_root "$1")
  install -m 755 "$SWEEP_BINARY" "$root/usr/sbin/essd"
  # It is killed more often here than systemd would put up with.
  mkdir -p "$root/etc/systemd/system/essd.service.d"
  printf '[Unit]\nStartLimitIntervalSec=0\n' >"$root/etc/systemd/system/essd.service.d/sweep.conf"
  boot_armed "$1"
  start_platform "$1"
}

# plan NAME LINE...: where essd dies in what follows.
plan() {
  machine_run "$1" rm -f "$KILL_POINTS" "$KILL_PLAN.next"
  printf '%s\n' "${@:2}" | machine_write "$1" "$KILL_PLAN"
}

points() { machine_run "$1" cat "$KILL_POINTS" 2>/dev/null || true; }
kills() { points "$1" | grep -c ' killed$' || true; }

# is_over NAME LAST-ENGINE LAST-RECORDER KILLS: essd died as often as planned, or passed the last points of both kinds.
is_over() {
  local passed
  passed=$(points "$1")
  (($(kills "$1") == $4)) && return 0
  grep -qx "engine $2" <<<"$passed" && grep -qx "recorder $3" <<<"$passed"
}

copy_names() { machine_run "$1" cat "$COPY" 2>/dev/null | jq -e --arg id "$2" '.operation_id == $id' >/dev/null; }
newest_trip_is_named() { copy_names "$1" "$(last_trip "$1" | jq -r .entry.operation_id)"; }
has_more_trips() { (($(entries "$1" trip | wc -l) > $2)); }

# assert_truth NAME BEFORE REASON: the entries of this trip, the last of which is a success over all units that ran.
assert_truth() {
  local name=$1 new entry
  assert_soon 10 "a new trip in the ledger" has_more_trips "$name" "$2"
  assert_soon 5 "the latch's copy names the entry" newest_trip_is_named "$name"
  new=$(entries "$name" trip | tail -n "+$(($2 + 1))")
  entry=$(tail -n 1 <<<"$new")
  assert_eq "$(jq -s '[.[:-1][] | select(.entry.outcome != "PARTIAL")] | length' <<<"$new")" 0 \
    "entries of one trip after one that was a success"
  assert_eq "$(jq -r .entry.outcome <<<"$entry")" SUCCESS "outcome ($(jq -c .ess.problems <<<"$entry"))"
  assert_eq "$(jq '[.ess.units[] | select(.empty and .masked_us != null)] | length' <<<"$entry")" "${#TRADING[@]}" "units held"
  assert_eq "$(jq -r .ess.reason <<<"$entry")" "$3" "reason in the entry"
  assert_eq "$(jq -r .entry.requested_by <<<"$entry")" root "requested_by in the entry"
  assert_knows_what_ran "$name" "$entry"
}

# As soon as it is on the disk what ran, the entry says so; before that it must not claim to know.
assert_knows_what_ran() {
  local ran
  ran=$(jq '[.ess.units[] | select(.was_running)] | length' <<<"$2")
  if points "$1" | sed '/ killed$/q' | grep -q '^recorder copy-written'; then
    assert_eq "$ran" "${#TRADING[@]}" "units that were running, by the entry"
  elif ((ran < ${#TRADING[@]})); then
    assert_match "$(jq -r .entry.changes_summary <<<"$2")" 'when essd came up' "summary of an essd that came late"
  fi
}

# trip_round NAME KILLS PLAN...: a trip in which essd dies by the plan. Fails if it did not die so often.
trip_round() {
  local name=$1 kills=$2 before since reason died STOP_LIMIT_MS=$STOP_LIMIT_MS
  shift 2
  reason="sweep ${*}"
  before=$(entries "$name" trip | wc -l)
  plan "$name" "$@"
  since=$(monotonic_ns "$name")
  machine_run "$name" essctl trip --reason "$reason" >/dev/null || true
  assert_soon 10 "the trip is over, or essd was killed" is_over "$name" TripSettled copy-named "$kills"
  died=$(kills "$name")
  STOP_LIMIT_MS=$((STOP_LIMIT_MS + died * RESTART_MS))
  assert_state "$name" tripped
  assert_truth "$name" "$before" "$reason"
  echo "$*: $(points "$name" | sed -n 's/ killed$//p' | paste -sd ';')"
  assert_tripped "$name" "$since"
  plan "$name" "none 0"
  reset_latch "$name" "after $reason"
  start_platform "$name"
  ((died == kills))
}

# sweep ROUND NAME KILLS LEAST LINE...: rounds with N = 1, 2, ... in place of @ in the plan, until one runs through.
sweep() {
  local round=$1 name=$2 kills=$3 least=$4 n
  shift 4
  for ((n = 1; n < MOST_POINTS; n++)); do
    "$round" "$name" "$kills" "${@//@/$n}" || break
  done
  assert_above "$n" "$least" "rounds"
  assert_below "$n" "$MOST_POINTS" "rounds"
  assert_chained "$name"
  echo "killed at each of $((n - 1)) points"
}

# reset_round NAME KILLS PLAN...: a reset in which essd dies by the plan. Fails if it did not die so often.
reset_round() {
  local name=$1 kills=$2 died
  shift 2
  plan "$name" "none 0"
  touch_latch "$name" >/dev/null
  assert_state "$name" tripped
  assert_soon 5 "the latch's copy names the entry" newest_trip_is_named "$name"
  plan "$name" "$@"
  machine_run "$name" essctl reset --reason "sweep $*" >/dev/null || true
  assert_soon 10 "the reset is over, or essd was killed" is_over "$name" ResetDone reset-appended "$kills"
  died=$(kills "$name")
  plan "$name" "none 0"
  assert_soon 10 "essd is back" has_settled "$name"
  echo "$*: $(points "$name" | sed -n 's/ killed$//p' | paste -sd ';')$(status "$name" .state)"
  assert_stays 300 "nothing was started" all_dead "$name" "${TRADING[@]}"
  assert_no_half_reset "$name"
  start_platform "$name"
  ((died == kills))
}

has_settled() { [[ $(status "$1" .state 2>/dev/null) == @(armed|tripped) ]]; }

# Either the latch is set as before, and a second reset releases it; or it is released with all that belongs to it.
assert_no_half_reset() {
  local unit
  if state_is "$1" tripped; then
    assert_masked "$1" "${TRADING[@]}"
    assert_soon 5 "a second reset" machine_run "$1" essctl reset --reason "once more"
  fi
  assert_state "$1" armed
  assert_fails machine_run "$1" test -e "$COPY"
  assert_fails machine_run "$1" test -e "$LATCH"
  for unit in "${TRADING[@]}"; do assert_eq "$(unit_property "$1" "$unit" LoadState)" loaded "LoadState of $unit"; done
}

# the product has no such points: neither the plan's name nor the way to it
scenario_product_cannot_be_killed() {
  needs_essd
  [[ -x $SWEEP_BINARY ]] || skip "essd-sweep is not built"
  assert grep -q ess-kill "$SWEEP_BINARY"
  assert_fails grep -q ess-kill "$ESS_STAGE/usr/sbin/essd"
  assert_fails grep -rq ess-kill "$ESS_STAGE"
}

# killed after each action of the engine
# timeout: 300
scenario_each_action() {
  local pid
  start_sweep m
  pid=$(unit_pid m "$MONITORING")
  # Five stops, the latch, its copy, the news, one kill, masks, Reload, their states, the report.
  sweep trip_round m 1 12 "engine @"
  assert_eq "$(unit_pid m "$MONITORING")" "$pid" "PID of the monitoring"
}

# killed after each step of the recorder
# timeout: 300
scenario_each_step_of_the_recorder() {
  start_sweep m
  sweep trip_round m 1 5 "recorder @"
}

# killed after each action, and once more after the same one of the essd that came back
# timeout: 300
scenario_twice_in_a_row() {
  start_sweep m
  sweep trip_round m 2 6 "engine @" "engine @"
}

# killed after each action of a reset, and each step of the recorder in it: the latch is set or released, nothing between
# timeout: 300
scenario_each_point_of_a_reset() {
  start_sweep m
  sweep reset_round m 1 4 "engine @"
  sweep reset_round m 1 1 "recorder @"
}

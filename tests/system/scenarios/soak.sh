# shellcheck shell=bash
# Many trips and resets of one essd, each with something that goes wrong: nothing outlives any of them, nothing leaks, and
# the ledger has what happened and nothing else. tests/system/soak runs the long form.

# shellcheck source=tests/system/hard_cases.sh
source "$MACHINE_SOURCE/tests/system/hard_cases.sh"

SOAK_ROUNDS=${ESS_SOAK_ROUNDS:-12}
# The same faults in the same order, each time; with this seed the short form has all of them. One of the units ignores
# SIGTERM in every round.
SOAK_SEED=${ESS_SOAK_SEED:-18}
FAULTS=(none bus_restarted latch_removed journal_stopped latch_directory latch_link units_started)
# What systemd takes to bring essd back, on top of the stop's own limit.
RESTART_MS=1000
# Pages of programs and libraries that a fault is the first to touch, not what a round leaves behind: that would be as
# much over the long form as a few KiB for each of its rounds.
MEMORY_TOLERANCE_KIB=1024

# --- the faults: each sets the latch ----------------------------------------------------------------------------------

fault_none() { touch_latch "$1"; }

fault_bus_restarted() {
  touch_latch "$1"
  machine_run "$1" systemctl restart dbus.service
}

fault_essd_killed() {
  touch_latch "$1"
  machine_run "$1" systemctl kill --kill-whom=main --signal=KILL essd.service
}

fault_latch_removed() {
  touch_latch "$1"
  machine_run "$1" rm -f "$LATCH"
}

fault_journal_stopped() {
  machine_run "$1" systemctl kill --signal=STOP systemd-journald.service
  touch_latch "$1"
  assert_soon 10 "tripped without a journal" state_is "$1" tripped
  machine_run "$1" systemctl kill --signal=CONT systemd-journald.service
}

fault_latch_directory() { machine_run "$1" mkdir "$LATCH"; }
fault_latch_link() { machine_run "$1" ln -s /nowhere "$LATCH"; }

fault_units_started() {
  touch_latch "$1"
  machine_run "$1" systemctl start --no-block "${TRADING[@]}" || true
}

# The kinds of entries that a round with this fault may leave beside its trip and its reset.
kinds_beside() {
  case $1 in
    latch_removed | units_started) echo refusal ;;
    essd_killed) echo crash ;;
  esac
}

# --- one round --------------------------------------------------------------------------------------------------------

last_trip_succeeded() { [[ $(last_trip "$1" | jq -r .entry.outcome) == SUCCESS ]]; }
has_more_trips() { (($(entries "$1" trip | wc -l) > $2)); }

# soak_round NAME FAULT
soak_round() {
  local since before lines STOP_LIMIT_MS=$STOP_LIMIT_MS
  before=$(entries "$1" trip | wc -l)
  lines=$(ledger_lines "$1" | wc -l)
  [[ $2 != essd_killed ]] || STOP_LIMIT_MS=$((STOP_LIMIT_MS + RESTART_MS))
  since=$(monotonic_ns "$1")
  "fault_$2" "$1" >/dev/null
  assert_state "$1" tripped
  assert_soon 20 "a new trip in the ledger" has_more_trips "$1" "$before"
  assert_soon 20 "the trip is a success" last_trip_succeeded "$1"
  assert_silent_since "$1" "$since" "${TRADING[@]}"
  assert_dead "$1" "${TRADING[@]}"
  reset_latch "$1" "soak, after $2" || return 1
  assert_soon 5 "the reset in the ledger" last_is_reset "$1"
  assert_entries_of_round "$1" "$2" "$lines"
  start_platform "$1"
}

last_is_reset() { [[ $(ledger_lines "$1" | tail -n 1 | jq -r .kind) == reset ]]; }

# assert_entries_of_round NAME FAULT LINES: since that many lines one trip, with a Partial one before it at most where the
# bus was gone, one reset, and nothing that the fault does not explain.
assert_entries_of_round() {
  local new found
  new=$(ledger_lines "$1" | tail -n "+$(($3 + 1))" | jq -c '[.kind, .entry.outcome]' | sort | uniq -c | sed 's/^ *//')
  found=$(grep -vx '1 \["trip","SUCCESS"\]' <<<"$new" | grep -vx '1 \["reset","SUCCESS"\]' || true)
  [[ $2 != bus_restarted ]] || found=$(grep -vx '1 \["trip","PARTIAL"\]' <<<"$found" || true)
  found=$(grep -v "\"$(kinds_beside "$2")\"" <<<"$found" || true)
  assert_eq "$found" "" "entries that do not belong to a round with $2"
  assert_match "$new" 'trip","SUCCESS' "entries"
  assert_match "$new" 'reset","SUCCESS' "entries"
}

# --- what must not grow -----------------------------------------------------------------------------------------------

# What each descriptor is, without the numbers of sockets.
descriptors() {
  # One that is closed while find looks at it is a failure of find, and of nothing else.
  { machine_run "$1" find "/proc/$(unit_pid "$1" essd)/fd" -type l -printf '%l\n' || true; } | sed 's/\[[0-9]*\]//' | sort | uniq -c
}

memory_kib() { machine_run "$1" sed -n 's/^VmRSS:\s*\([0-9]*\) kB/\1/p' "/proc/$(unit_pid "$1" essd)/status"; }

# A caller's connection is one for a moment.
has_descriptors() { [[ $(descriptors "$1") == "$2" ]]; }

# soak NAME ROUNDS: essd is killed in the first third only, so that one process lives long enough for a leak to show.
soak() {
  local name=$1 rounds=$2 round fault open='' pid='' memory=0 grafana restart=$(($2 / 3))
  start_armed "$name"
  grafana=$(unit_pid "$name" "$MONITORING")
  RANDOM=$SOAK_SEED
  for ((round = 1; round <= rounds; round++)); do
    fault=${FAULTS[RANDOM % ${#FAULTS[@]}]}
    if ((round <= restart && RANDOM % 3 == 0)) || ((round == 1)); then fault=essd_killed; fi
    echo "round $round: $fault"
    soak_round "$name" "$fault"
    # Not before the first entry, whose segment of the ledger stays open.
    if ((round == 1)); then open=$(descriptors "$name"); fi
    if ((round == restart + rounds / 6)); then
      pid=$(unit_pid "$name" essd)
      memory=$(memory_kib "$name")
    fi
  done
  echo "memory: $memory KiB after $((restart + rounds / 6)) rounds, $(memory_kib "$name") KiB after $rounds"
  assert_eq "$(unit_pid "$name" essd)" "$pid" "PID of essd"
  wait_until 5 has_descriptors "$name" "$open" || assert_eq "$(descriptors "$name")" "$open" "descriptors"
  assert_below "$(memory_kib "$name")" "$((memory + MEMORY_TOLERANCE_KIB))" "KiB of memory"
  assert_eq "$(unit_pid "$name" "$MONITORING")" "$grafana" "PID of the monitoring"
  assert_chained "$name"
}

# a short form: tests/system/soak is the long one
# timeout: 150
scenario_rounds() { soak m "$SOAK_ROUNDS"; }

# shellcheck shell=bash
# What scenarios claim. A claim that does not hold says what was wanted and what was found, and ends the scenario.
# Sourced after machine.sh.

TRADING=(quantum-ai-engine quantum-execution quantum-apply-layer quantum-governor quantum-vendor)
MONITORING=grafana-server
LATCH=/run/quantum/ESS_ON
# No trip may take longer, from the latch to the last beat of the last trading process.
STOP_LIMIT_MS=2000

# fail TEXT: with the line of the scenario that claimed it.
fail() {
  local i
  echo "FAILED: $*" >&2
  for ((i = 1; i < ${#FUNCNAME[@]}; i++)); do
    [[ ${FUNCNAME[i]} == main ]] || echo "    in ${FUNCNAME[i]}, $(basename "${BASH_SOURCE[i]}"):${BASH_LINENO[i - 1]}" >&2
  done
  exit 1
}

# skip REASON: this scenario cannot be judged here.
skip() {
  echo "skip: $*"
  exit 77
}

assert() { "$@" || fail "this should succeed: $*"; }

# assert_fails COMMAND...: it must fail by itself, not by running out of time.
assert_fails() {
  local status=0 output
  output=$("$@" 2>&1) || status=$?
  ((status != 0)) || fail "this should fail: $*: ${output:-no output}"
  ((status != 124)) || fail "this should fail, but does not end: $*"
}

# assert_status NUMBER COMMAND...
assert_status() {
  local want=$1 status=0 output
  shift
  output=$("$@" 2>&1) || status=$?
  ((status == want)) || fail "exit status $status, wanted $want: $*: ${output:-no output}"
}

# assert_eq FOUND WANTED [WHAT]
assert_eq() { [[ $1 == "$2" ]] || fail "${3:-value}: found '$1', wanted '$2'"; }
assert_ne() { [[ $1 != "$2" ]] || fail "${3:-value}: found '$1', wanted anything else"; }

# assert_match TEXT PATTERN [WHAT]: an extended regular expression.
assert_match() { [[ $1 =~ $2 ]] || fail "${3:-text}: '$1' does not match '$2'"; }
assert_no_match() { [[ ! $1 =~ $2 ]] || fail "${3:-text}: '$1' matches '$2'"; }

# assert_below NUMBER LIMIT WHAT
assert_below() { (($1 < $2)) || fail "$3: $1 is not below $2"; }
assert_above() { (($1 > $2)) || fail "$3: $1 is not above $2"; }

# assert_soon SECONDS WHAT COMMAND...: a claim that needs a moment.
assert_soon() {
  local seconds=$1 what=$2
  shift 2
  wait_until "$seconds" "$@" || fail "not within $seconds s: $what"
}

# assert_stays MILLISECONDS WHAT COMMAND...: holds now, and at every look until the time is over.
assert_stays() {
  local end=$((${EPOCHREALTIME/./} + $1 * 1000)) what=$2
  shift 2
  while ((${EPOCHREALTIME/./} < end)); do
    "$@" || fail "did not stay: $what"
    sleep "$MACHINE_POLL"
  done
}

# --- units ------------------------------------------------------------------------------------------------------------

unit_property() { machine_run "$1" systemctl show --property="$3" --value "$2"; }
# unit_properties NAME PROPERTY UNIT...: a line for each
unit_properties() { machine_run "$1" systemctl show --property="$2" --value "${@:3}" | grep .; }
unit_pid() { unit_property "$1" "$2" MainPID; }
unit_is() { [[ $(unit_property "$1" "$2" "$3") == "$4" ]]; }
unit_runs() { machine_run "$1" systemctl --quiet is-active "$2.service"; }

# start_platform NAME: all trading units and the monitoring, each seen running and beating.
start_platform() {
  machine_run "$1" systemctl start "${TRADING[@]}" "$MONITORING" || fail "the platform does not start"
  assert_running "$1" "${TRADING[@]}" "$MONITORING"
}

assert_running() {
  local before
  assert_eq "$(unit_properties "$1" ActiveState "${@:2}" | sort --unique)" active "ActiveState of ${*:2}"
  before=$(last_beat_ns "$@") || fail "not all of these beat: ${*:2}"
  wait_until 2 beat_after "$before" "$@" || fail "these run, but do not all beat: ${*:2}"
}

# The kernel's own word, not systemd's: no process is left in the cgroup of any of them.
units_are_empty() {
  local files=("${@:2}")
  ((${#files[@]})) || fail "no unit is named"
  files=("${files[@]/#//sys/fs/cgroup/system.slice/}")
  # That it was asked is said: a machine that does not answer proves nothing.
  # shellcheck disable=SC2016  # expanded by the machine's shell
  [[ $(machine_run "$1" sh -c 'grep --files-with-matches --no-messages "populated 1" "$@"; echo asked' sh \
    "${files[@]/%/.service/cgroup.events}") == asked ]]
}

all_empty() { units_are_empty "$1" "${TRADING[@]}"; }

assert_stopped() {
  units_are_empty "$@" || fail "not all of these are without processes: ${*:2}"
  assert_no_match " $(unit_properties "$1" ActiveState "${@:2}" | tr '\n' ' ')" ' active' "ActiveState of ${*:2}"
}

assert_masked() {
  assert_eq "$(unit_properties "$1" LoadState "${@:2}" | sort --unique)" masked "LoadState of ${*:2}"
}

assert_cannot_start() {
  local started
  # shellcheck disable=SC2016  # expanded by the machine's shell
  started=$(machine_run "$1" sh -c 'for unit; do ! systemctl start "$unit" || echo "$unit"; done' sh "${@:2}" 2>/dev/null) ||
    fail "a start does not end: ${*:2}"
  assert_eq "$started" "" "what could be started"
  units_are_empty "$@" || fail "refused, and one of these runs: ${*:2}"
}

# --- beats ------------------------------------------------------------------------------------------------------------

# last_beat_ns NAME UNIT...: a line for each
last_beat_ns() { machine_run "$1" heartbeat --last "${@:2}"; }
last_beat_ms() { echo $(($(last_beat_ns "$1" "$2") / 1000000)); }
monotonic_ns() { machine_run "$1" heartbeat --now; }

unit_beats() {
  local before
  before=$(last_beat_ns "$1" "$2") || return 1
  wait_until 2 beat_after "$before" "$1" "$2"
}

# beat_after NS NAME UNIT...: each after the NS of its own, a line each
beat_after() {
  local said earlier later i
  said=$(last_beat_ns "${@:2}") || return 1
  mapfile -t earlier <<<"$1"
  mapfile -t later <<<"$said"
  for i in "${!earlier[@]}"; do ((later[i] > earlier[i])) || return 1; done
}

# assert_silent_since NAME NS UNIT...: the last beat of each came less than the limit after NS. Prints the worst, in ms.
assert_silent_since() {
  local name=$1 since=$2 beats last i=0 ms worst=0
  shift 2
  beats=$(last_beat_ns "$name" "$@") || fail "not all of these have a beat: $*"
  for last in $beats; do
    ms=$(((last - since) / 1000000))
    i=$((i + 1))
    assert_below "$ms" "$STOP_LIMIT_MS" "ms from the latch to the last beat of ${!i}"
    if ((ms > worst)); then worst=$ms; fi
  done
  echo "last beat $worst ms after the latch"
}

# --- essd and essctl --------------------------------------------------------------------------------------------------

needs_essd() {
  [[ -n ${ESS_STAGE:-} && -x $ESS_STAGE/usr/sbin/essd && -x $ESS_STAGE/usr/bin/essctl ]] || skip "essd is not built"
}

# status NAME FILTER: of essctl status --json, whatever its exit status is.
status() {
  local json
  json=$(machine_run "$1" essctl status --json) || true
  jq --raw-output "$2" <<<"$json"
}

state_is() { [[ $(status "$1" .state 2>/dev/null) == "$2" ]]; }
assert_state() { assert_soon 5 "the state is $2" state_is "$1" "$2"; }

# start_armed NAME [OPTION...]: a machine with essd armed and the platform running.
start_armed() {
  needs_essd
  machine_start "$@" || fail "no machine"
  assert_state "$1" armed
  start_platform "$1"
}

# touch_latch NAME: as any program would; prints the time just before.
touch_latch() { machine_run "$1" heartbeat --touch "$LATCH"; }

# assert_tripped NAME NS: stopped, silent in time, masked, and not to be started again.
assert_tripped() {
  assert_state "$1" tripped
  assert_silent_since "$1" "$2" "${TRADING[@]}"
  assert_stopped "$1" "${TRADING[@]}"
  assert_masked "$1" "${TRADING[@]}"
  assert_cannot_start "$1" "${TRADING[@]}"
  assert_running "$1" "$MONITORING"
}

reset_latch() {
  machine_run "$1" essctl reset --reason "${2:-the scenario goes on}" >/dev/null || fail "the reset fails"
  assert_state "$1" armed
}

# The ledger as lines, oldest first.
ledger_lines() {
  # shellcheck disable=SC2016  # expanded by the machine's shell
  machine_run "$1" sh -c 'for f in /var/lib/quantum-ess/ledger/*.jsonl; do [ ! -f "$f" ] || cat "$f"; done'
}

# assert_chained NAME: each line carries the number after, and the hash of, the line before
assert_chained() {
  local line before='' seq=0
  while IFS= read -r line; do
    seq=$((seq + 1))
    assert_eq "$(jq .seq <<<"$line")" "$seq" seq
    if ((seq > 1)); then assert_eq "$(jq -r .prev <<<"$line")" "$before" "prev of entry $seq"; fi
    before=$(printf %s "$line" | sha256sum | cut -d ' ' -f 1)
  done < <(ledger_lines "$1")
  assert_above "$seq" 0 entries
  assert_eq "$(status "$1" .ledger.entries)" "$seq" "entries in the status"
  assert_eq "$(status "$1" .ledger.head)" "$before" "head in the status"
}

# shellcheck shell=bash
# scripts/proof_ess, where it is installed: what an operator shows to others.

# shellcheck source=tests/system/hard_cases.sh
source "$MACHINE_SOURCE/tests/system/hard_cases.sh"

PROOF=/usr/libexec/quantum-ess/proof_ess

# proof NAME ARGUMENT...: its JSON
proof() {
  # shellcheck disable=SC2034  # machine_run reads it
  local name=$1 MACHINE_RUN_SECONDS=90
  shift
  machine_run "$name" "$PROOF" --json "$@"
}

# step_is PROOF STEP RESULT
step_is() { jq --exit-status --arg name "$2" --arg result "$3" '.steps | any(.name == $name and .result == $result)' <<<"$1" >/dev/null; }
step_text() { jq --raw-output --arg name "$2" '.steps[] | select(.name == $name) | .text' <<<"$1"; }

pids() {
  local unit
  for unit in "${@:2}"; do unit_pid "$1" "$unit"; done
}

# assert_on_record NAME OUTCOME: the newest entry is of the proof, and its file is as the entry says, with the JSON's hash in it
assert_on_record() {
  local entry path json
  entry=$(entries "$1" append | tail -n 1)
  assert_match "$(jq --raw-output .entry.operation_name <<<"$entry")" '^Proof of the emergency stop' "the newest entry"
  assert_eq "$(jq --raw-output .entry.outcome <<<"$entry")" "$2" outcome
  path=$(jq --raw-output .entry.proof_file.path <<<"$entry")
  json=${path%.txt}.json
  assert_eq "$(machine_run "$1" sha256sum "$path" | cut -c 1-16)" "$(jq --raw-output .entry.proof_file.sha256 <<<"$entry")" "hash"
  assert_eq "$(machine_run "$1" stat --format=%s "$path")" "$(jq .entry.proof_file.size_bytes <<<"$entry")" "size"
  assert_eq "$(machine_run "$1" stat --format=%Y "$path")" \
    "$(date --date="$(jq --raw-output .entry.proof_file.mtime_utc <<<"$entry")" +%s)" "mtime"
  assert_eq "$(machine_run "$1" tail -n 1 "$path")" "$(machine_run "$1" sha256sum "$json")" "the text's last line"
  assert_eq "$(machine_run "$1" stat --format='%a %U %G' "$path" "$json" | sort -u)" "640 root quantum-ess" "who may read it"
}

# the canary stands for trading, which is not touched; PASS, text and JSON, and the entry has the file's hash, size and time
# timeout: 120
scenario_canary() {
  local before found text
  start_armed m
  before=$(pids m "${TRADING[@]}" "$MONITORING")
  found=$(proof m --rounds 4) || fail "the proof fails: $found"
  assert_eq "$(jq --raw-output .result <<<"$found")" PASS result
  for step in ready check drill guard reset; do assert step_is "$found" "$step" ok; done
  assert step_is "$found" ledger note
  assert_eq "$(jq '.drill | "\(.rounds) \(.failures)"' <<<"$found")" '"4 0"' "rounds and failures"
  assert_match "$(step_text "$found" guard)" '^with a latch, systemctl start is refused: .*canary' "the refusal"
  assert_eq "$(pids m "${TRADING[@]}" "$MONITORING")" "$before" "PIDs"
  assert_running m "${TRADING[@]}"
  assert_on_record m SUCCESS
  # By a key that was kept elsewhere all is proven, and in words it is the same.
  assert machine_run m cp /var/lib/quantum-ess/ledger/log.pub.pem /root/kept.pem
  text=$(machine_run m "$PROOF" --rounds 2 --key /root/kept.pem) || fail "the proof fails: $text"
  assert_match "$text" 'ok +ledger +[0-9]+ lines, all proven' "the ledger"
  assert_match "$text" $'\nPASS$' "the last line"
  assert_no_match "$text" $'\e' "the text in a pipe"
  assert_on_record m SUCCESS
  # What it made for a moment is gone.
  assert_fails machine_run m test -e "$LATCH.drill"
  assert_state m armed
}

# --live: all trading is stopped, refuses to start, is released, and what ran runs again; monitoring runs on
# timeout: 120
scenario_live() {
  local before found
  start_armed m
  assert machine_run m systemctl stop quantum-governor
  assert_status 2 machine_run m "$PROOF" --live
  assert_match "$(machine_run m "$PROOF" --live 2>&1 || true)" 'say --yes' "without a terminal"
  before=$(pids m quantum-ai-engine "$MONITORING")
  found=$(proof m --rounds 2 --live --yes) || fail "the proof fails: $found"
  assert_eq "$(jq --raw-output '"\(.result) \(.mode)"' <<<"$found")" "PASS live" result
  for step in trip refusals release start; do assert step_is "$found" "$step" ok; done
  assert_match "$(step_text "$found" trip)" '4 running units stopped, 5 masked' "the trip"
  assert_below "$(jq '[.trip.ess.units[] | select(.was_running) | .empty_us] | max' <<<"$found")" "$((STOP_LIMIT_MS * 1000))" "us until all was empty"
  assert_eq "$(jq '[.trip.ess.units[] | select(.was_running)] | length' <<<"$found")" 4 "units that ran"
  assert_running m quantum-ai-engine quantum-execution quantum-apply-layer quantum-vendor
  assert units_are_empty m quantum-governor
  assert_ne "$(unit_pid m quantum-ai-engine)" "$(head -n 1 <<<"$before")" "PID of a unit that was stopped"
  assert_eq "$(unit_pid m "$MONITORING")" "$(tail -n 1 <<<"$before")" "PID of the monitoring"
  for kind in trip reset start drill append; do assert_eq "$(entries m "$kind" | wc -l)" 1 "entries of kind $kind"; done
  assert_on_record m SUCCESS
}

# a start that gets through while tripped is a FAIL that names the unit, and the proof goes on to release and to record
# timeout: 120
scenario_live_finds_a_start() {
  local found status=0
  start_armed m
  # A systemctl that does not ask systemd, as a platform may have: it starts the program itself.
  machine_write m /usr/local/bin/systemctl <<'SH'
#!/bin/sh
case "$*" in
  "start quantum-vendor.service") exit 0 ;;
esac
exec /usr/bin/systemctl "$@"
SH
  assert machine_run m chmod 755 /usr/local/bin/systemctl
  found=$(proof m --rounds 2 --live --yes) || status=$?
  assert_eq "$status" 1 "exit status"
  assert_eq "$(jq --raw-output .result <<<"$found")" FAIL result
  assert step_is "$found" refusals FAIL
  assert_match "$(step_text "$found" refusals)" 'started while tripped: quantum-vendor.service$' "what is named"
  assert step_is "$found" start ok
  assert_running m "${TRADING[@]}"
  assert_on_record m PARTIAL
}

# a stop that somebody else demands in the middle is not released: FAIL, and all stays stopped
# timeout: 120
scenario_live_and_a_real_demand() {
  local found status=0
  start_armed m
  # It comes while the proof tries to start a unit.
  machine_write m /usr/local/bin/systemctl <<'SH'
#!/bin/sh
case "$*" in
  "start quantum-vendor.service") touch /run/quantum/ESS_ON ;;
esac
exec /usr/bin/systemctl "$@"
SH
  assert machine_run m chmod 755 /usr/local/bin/systemctl
  found=$(proof m --rounds 2 --live --yes) || status=$?
  assert_eq "$status" 1 "exit status"
  assert step_is "$found" release FAIL
  assert_match "$(step_text "$found" release)" 'somebody else demanded' "what is said"
  assert_state m tripped
  assert_stopped m "${TRADING[@]}"
}

# without the guard it is a FAIL that says so; another key than the ledger's is one too; both are on record
scenario_sabotage() {
  local found status=0
  start_armed m
  assert machine_run m cp /var/lib/quantum-ess/ledger/log.pub.pem /root/kept.pem
  assert machine_run m sh -c 'openssl genpkey -algorithm ed25519 | openssl pkey -pubout -out /root/other.pem'
  found=$(proof m --rounds 2 --key /root/other.pem) || status=$?
  assert_eq "$status" 1 "exit status with another key"
  assert step_is "$found" ledger FAIL
  assert step_is "$found" guard ok
  assert_on_record m PARTIAL
  assert machine_run m mv /usr/lib/systemd/system-generators/quantum-ess-generator /root
  assert machine_run m systemctl daemon-reload
  status=0 found=$(proof m --rounds 2 --live --yes --key /root/kept.pem) || status=$?
  assert_eq "$status" 1 "exit status without a guard"
  assert step_is "$found" guard FAIL
  assert_match "$(step_text "$found" guard)" 'no guard' "what is said of it"
  assert step_is "$found" live note
  assert_running m "${TRADING[@]}"
  assert_on_record m PARTIAL
}

# while tripped it does nothing and says why; for others than root too
scenario_not_begun() {
  start_armed m
  assert_status 2 machine_run m "$PROOF" --yes
  assert_status 2 machine_run m "$PROOF" --rounds 0
  assert_status 5 machine_run m setpriv --reuid=65534 --regid=65534 --clear-groups "$PROOF"
  touch_latch m >/dev/null
  assert_state m tripped
  assert_soon 10 "the trip is on record" has_trips m 1
  assert_status 3 machine_run m "$PROOF"
  assert_eq "$(entries m append | wc -l)" 0 "entries of a proof"
  assert_state m tripped
}

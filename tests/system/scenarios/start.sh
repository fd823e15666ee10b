# shellcheck shell=bash
# The controlled start after a reset: what ran before, one after the other, each watched, and any failure trips again.

# released NAME: a machine that was tripped and reset
released() {
  touch_latch "$1" >/dev/null
  assert_state "$1" tripped
  reset_latch "$1"
}

# active_order NAME UNIT...: the units in the order in which they became active
active_order() {
  local name=$1 unit
  shift
  for unit in "$@"; do echo "$(unit_property "$name" "$unit" ActiveEnterTimestampMonotonic) $unit"; done | sort -n | cut -d ' ' -f 2
}

# starts what ran before the trip and nothing else, in the order of After=, and records it
scenario_what_ran() {
  local entry
  needs_essd
  machine_start m || fail "no machine"
  machine_write m /etc/systemd/system/quantum-ai-engine.service.d/order.conf <<<$'[Unit]\nAfter=quantum-apply-layer.service'
  assert machine_run m systemctl daemon-reload
  assert_state m armed
  start_platform m
  assert machine_run m systemctl stop quantum-governor
  released m
  assert machine_run m essctl start
  assert_state m armed
  assert_running m quantum-ai-engine quantum-execution quantum-apply-layer quantum-vendor
  assert units_are_empty m quantum-governor
  assert_eq "$(active_order m quantum-ai-engine quantum-apply-layer | head -n 1)" quantum-apply-layer "started first"
  entry=$(ledger_lines m | jq --compact-output 'select(.kind == "start") | .entry')
  assert_eq "$(jq -r .outcome <<<"$entry")" SUCCESS outcome
  assert_match "$(jq -r .changes_summary <<<"$entry")" 'quantum-execution\.service' "what was started"
}

# --all starts the whole allow-list
scenario_all() {
  start_armed m
  assert machine_run m systemctl stop quantum-governor
  released m
  assert machine_run m essctl start --all
  assert_running m "${TRADING[@]}"
}

# a unit that breaks soon after its start trips again, and what was started is stopped
scenario_failure_trips_again() {
  start_armed m
  released m
  machine_write m /etc/systemd/system/quantum-vendor.service.d/breaks.conf <<<$'[Service]\nType=simple\nRestart=no\nExecStart=\nExecStart=/bin/sh -c "heartbeat quantum-vendor & sleep 0.5; exit 1"'
  assert machine_run m systemctl daemon-reload
  assert_state m armed
  assert_status 1 machine_run m essctl start
  assert_state m tripped
  assert_stopped m "${TRADING[@]}"
  assert_masked m "${TRADING[@]}"
  assert_match "$(status m .latch.reason)" 'quantum-vendor' "reason"
  assert_eq "$(ledger_lines m | jq -r 'select(.kind == "start") | .entry.outcome')" PARTIAL outcome
}

# a latch in the middle of a controlled start stops what was started, and ends the start
scenario_latch_in_the_middle() {
  local since
  start_armed m
  released m
  machine_run m sh -c 'essctl start >/tmp/start.log 2>&1; echo $? >/tmp/start.status' &
  assert_soon 10 "a start is under way" state_is m starting
  assert_soon 10 "a unit runs" unit_runs m quantum-ai-engine
  since=$(touch_latch m)
  assert_tripped m "$since"
  assert_soon 5 "essctl start has ended" machine_run m test -s /tmp/start.status
  assert_eq "$(machine_run m cat /tmp/start.status)" 1 "status of essctl start"
}

# nothing starts while tripped; nothing to start is said; a stranger is refused
scenario_refusals() {
  needs_essd
  machine_start m || fail "no machine"
  assert_state m armed
  released m
  assert_status 5 machine_run m essctl start
  assert_status 5 machine_run m setpriv --reuid=65534 --regid=65534 --clear-groups essctl start --all
  touch_latch m >/dev/null
  assert_state m tripped
  assert_status 3 machine_run m essctl start --all
}

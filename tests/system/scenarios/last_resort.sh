# shellcheck shell=bash
# essd cannot stay up: essd-stop-now.service leaves the stop to the kernel alone.

# shellcheck source=tests/system/hard_cases.sh
source "$MACHINE_SOURCE/tests/system/hard_cases.sh"

# A unit's start limit counts every start. The shipped one takes some seconds to reach, which proves nothing more.
START_LIMIT=4

# armed_with_short_limit NAME [CONFIGURATION]
armed_with_short_limit() {
  prepare "$1"
  mkdir -p "$(machine_root "$1")/etc/systemd/system/essd.service.d"
  unit_file "$1" essd.service.d/limit.conf '[Unit]' "StartLimitBurst=$START_LIMIT"
  [[ -z ${2:-} ]] || configure "$1" 50-failure "$2"
  boot_armed "$1"
  start_platform "$1"
}

# kill_until_failed NAME: essd is killed whenever it is there, until systemd gives up.
kill_until_failed() {
  # shellcheck disable=SC2016  # expanded by the machine's shell
  machine_run "$1" sh -c 'until [ "$(systemctl show --property=ActiveState --value essd)" = failed ]; do
    systemctl kill --kill-whom=main --signal=KILL essd 2>/dev/null || true; done'
}

stop_now_has_run() { unit_is "$1" essd-stop-now Result success && ! unit_is "$1" essd-stop-now ExecMainStartTimestampMonotonic 0; }

# assert_killed_without_essd NAME NS: silent in time, dead, and refused by the guard.
assert_killed_without_essd() {
  assert_soon 5 "essd-stop-now has run" stop_now_has_run "$1"
  assert_silent_since "$1" "$2" "${TRADING[@]}"
  assert_dead "$1" "${TRADING[@]}"
  assert machine_run "$1" test -e "$LATCH"
  assert_cannot_start "$1" "${TRADING[@]}"
  assert_stays 500 "they stay down" all_dead "$1" "${TRADING[@]}"
  assert_running "$1" "$MONITORING"
}

# assert_taken_over NAME: an essd that can start again finishes the trip, and a reset releases it.
assert_taken_over() {
  machine_run "$1" systemctl reset-failed essd.service quantum-ess.path || true
  machine_run "$1" systemctl start essd.service
  assert_state "$1" tripped
  assert_masked "$1" "${TRADING[@]}"
  assert_soon 5 "the trip is in the ledger" has_trips "$1" 1
  reset_latch "$1"
  start_platform "$1"
}

# the configuration is wrong and essd down when the latch comes: the last good list is killed
scenario_wrong_configuration() {
  local since
  start_armed m
  machine_write m /etc/quantum/ess.d/90-wrong.yaml <<<'nonsense: true'
  machine_run m systemctl restart essd.service || true
  assert_soon 5 "essd is down" unit_is m essd ActiveState failed
  assert_eq "$(unit_property m essd ExecMainStatus)" 78 "exit status of essd"
  assert_running m "${TRADING[@]}"
  machine_run m systemctl reset-failed essd.service
  since=$(touch_latch m)
  assert_killed_without_essd m "$since"
  assert_status 4 machine_run m essctl status
  machine_run m rm /etc/quantum/ess.d/90-wrong.yaml
  assert_taken_over m
}

# essd is killed again and again with the latch set, until systemd gives it up
scenario_start_limit_with_a_latch() {
  local since
  armed_with_short_limit m
  since=$(touch_latch m)
  kill_until_failed m
  assert_killed_without_essd m "$since"
  assert_taken_over m
}

# no latch, and on_daemon_failure: trip: that essd cannot stay up is the reason
scenario_daemon_failure_trips() {
  local since
  armed_with_short_limit m 'on_daemon_failure: trip'
  kill_until_failed m
  since=$(monotonic_ns m)
  assert_killed_without_essd m "$since"
  assert_match "$(machine_run m cat "$LATCH")" 'essd cannot stay up' "content of the latch"
  assert_taken_over m
}

# no latch, and on_daemon_failure: alert: trading goes on, and it is said loudly
scenario_daemon_failure_alerts() {
  armed_with_short_limit m 'on_daemon_failure: alert'
  kill_until_failed m
  assert_soon 5 "essd-stop-now has run" stop_now_has_run m
  assert_stays 500 "trading goes on" runs_on m
  assert_fails machine_run m test -e "$LATCH"
  assert_soon 5 "the journal says so" alerted m
  assert_fails machine_run m test -e /run/quantum-ess/armed
}

runs_on() { unit_runs "$1" quantum-governor && unit_runs "$1" quantum-ai-engine; }
alerted() { machine_journal "$1" --priority=crit --output=cat | grep -q 'THE EMERGENCY STOP IS OFF'; }

# shellcheck shell=bash
# The metrics of a real host: what Prometheus makes of them, and the file that its node exporter reads.

# shellcheck source=tests/system/hard_cases.sh
source "$MACHINE_SOURCE/tests/system/hard_cases.sh"

TEXTFILES=/var/lib/prometheus/node-exporter
TEXTFILE=$TEXTFILES/quantum_ess.prom

metrics() { machine_run "$1" essctl metrics; }
# has_line NAME LINE: of the metrics
has_line() { metrics "$1" | grep --quiet --fixed-strings --line-regexp "$2"; }
file_has() { machine_run "$1" grep --quiet --fixed-strings --line-regexp "$2" "$TEXTFILE"; }

# assert_accepted NAME: by Prometheus' own checker, which may only be on this host.
assert_accepted() {
  local found
  found=$(metrics "$1" | promtool check metrics 2>&1) || fail "promtool: $found"
  assert_eq "$found" "" "what promtool says"
}

# armed, tripped, released, not ready: what is shown is true, and Prometheus accepts it; the file follows
scenario_states() {
  local unit
  command -v promtool >/dev/null || skip "promtool is not installed"
  prepare m
  configure m metrics "metrics: {textfile: $TEXTFILE}"
  mkdir -p "$(machine_root m)$TEXTFILES"
  boot_armed m
  start_platform m
  assert_accepted m
  assert has_line m 'quantum_ess_state{state="armed"} 1'
  assert has_line m 'quantum_ess_ready 1'
  assert_match "$(metrics m)" 'quantum_ess_watchdog_last_ping_timestamp_seconds [0-9]' "the watchdog's ping"
  assert_soon 10 "the file shows it" file_has m 'quantum_ess_state{state="armed"} 1'
  for unit in "${TRADING[@]}"; do
    assert has_line m "quantum_ess_unit_running{unit=\"$unit.service\"} 1"
    assert has_line m "quantum_ess_unit_state{unit=\"$unit.service\",state=\"active\"} 1"
  done

  touch_latch m >/dev/null
  assert_state m tripped
  assert_soon 5 "it is on record" has_line m 'quantum_ess_ledger_kind_entries{kind="trip"} 1'
  assert_accepted m
  assert has_line m 'quantum_ess_state{state="tripped"} 1'
  assert has_line m 'quantum_ess_trip_partial 0'
  assert has_line m 'quantum_ess_actions_total{action="trip",outcome="success"} 1'
  for unit in "${TRADING[@]}"; do
    assert has_line m "quantum_ess_unit_running{unit=\"$unit.service\"} 0"
    assert has_line m "quantum_ess_unit_masked{unit=\"$unit.service\"} 1"
    assert_match "$(metrics m)" "quantum_ess_unit_last_stop_seconds\{unit=\"$unit.service\"\} [01]\.[0-9]+" "its time"
  done
  assert_soon 10 "the file shows it" file_has m 'quantum_ess_state{state="tripped"} 1'

  reset_latch m
  assert has_line m 'quantum_ess_actions_total{action="reset",outcome="success"} 1'
  assert_soon 10 "the file shows it" file_has m 'quantum_ess_state{state="armed"} 1'
  machine_run m sh -c 'rm -r /run/systemd/generator.early/*.d'
  assert_state m not-ready
  assert_accepted m
  assert has_line m 'quantum_ess_ready 0'
  assert has_line m 'quantum_ess_fault{code="guard-missing",severity="error"} 1'

  machine_run m systemctl stop essd.socket essd.service
  assert file_has m 'quantum_ess_up 0'
  assert_status 4 metrics m
}

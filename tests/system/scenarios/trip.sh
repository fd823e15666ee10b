# shellcheck shell=bash
# Every way to trip, on every kind of unit: all of it stopped, silent in time, masked, and the monitoring untouched.

ledger_of_kind() { ledger_lines "$1" | jq --compact-output "select(.kind == \"$2\")"; }
last_of_kind() { ledger_of_kind "$1" "$2" | tail -n 1; }

# has_entries NAME KIND COUNT: entries are written after the stop, so they may take a moment.
has_entries() { [[ $(ledger_of_kind "$1" "$2" | wc -l) == "$3" ]]; }

# assert_recorded NAME COUNT: so many trips, the last of them a success with a time for each unit that ran.
assert_recorded() {
  local entry
  assert_soon 5 "$2 trips in the ledger" has_entries "$1" trip "$2"
  entry=$(last_of_kind "$1" trip)
  assert_eq "$(jq -r .entry.outcome <<<"$entry")" SUCCESS outcome
  assert_eq "$(jq '.ess.units | length' <<<"$entry")" "${#TRADING[@]}" "units in the entry"
  assert_eq "$(jq '[.ess.units[] | select(.was_running and .empty_us == null)] | length' <<<"$entry")" 0 "units without a time"
  assert_below "$(jq '.ess.stop_us' <<<"$entry")" "$((STOP_LIMIT_MS * 1000))" stop_us
}

# the file is created
scenario_by_touch() {
  local pid since
  start_armed m
  pid=$(unit_pid m "$MONITORING")
  since=$(touch_latch m)
  assert_tripped m "$since"
  assert_recorded m 1
  assert_eq "$(unit_pid m "$MONITORING")" "$pid" "PID of the monitoring"
  assert_status 3 machine_run m essctl status
  assert_eq "$(status m '.faults | map(select(.severity == "error")) | .[]')" "" "faults in the status"
  assert_eq "$(status m '[.units[] | select(.masked and .empty and .guarded)] | length')" "${#TRADING[@]}" "units held"
  assert_soon 5 "the latch's copy is on the disk" machine_run m test -e /var/lib/quantum-ess/latched
  assert_soon 5 "the target is reached" machine_run m systemctl --quiet is-active quantum-ess-tripped.target
}

# the file is created under its other name, /var/run
scenario_by_touch_in_var_run() {
  local since
  start_armed m
  since=$(machine_run m heartbeat --touch /var/run/quantum/ESS_ON)
  assert_tripped m "$since"
}

# essctl trip, with essd running
scenario_by_essctl() {
  local since
  start_armed m
  since=$(monotonic_ns m)
  assert machine_run m essctl trip --reason "position limits: 3 breaches"
  assert_tripped m "$since"
  assert_recorded m 1
  assert_eq "$(last_of_kind m trip | jq -r .ess.reason)" "position limits: 3 breaches" "reason in the ledger"
  assert_match "$(status m .latch.reason)" 'position limits: 3 breaches' "reason in the status"
  assert_match "$(status m .latch.requested_by)" root requested_by
}

# essctl trip under the name that operators know from the seed
scenario_by_essctl_activate() {
  local since
  start_armed m
  since=$(monotonic_ns m)
  assert machine_run m essctl activate --reason "by the old name"
  assert_tripped m "$since"
}

# essctl trip with essd stopped: the path unit brings it up
scenario_by_essctl_with_essd_stopped() {
  local since
  start_armed m
  machine_run m systemctl stop essd.service
  since=$(monotonic_ns m)
  machine_run m essctl trip --reason "the daemon was down" || true
  assert_tripped m "$since"
  assert_soon 5 "essd is up again" unit_runs m essd
  assert_recorded m 1
}

# the file is created with essd stopped
scenario_by_touch_with_essd_stopped() {
  local since
  start_armed m
  machine_run m systemctl stop essd.service
  since=$(touch_latch m)
  assert_tripped m "$since"
  assert_soon 5 "essd is up again" unit_runs m essd
}

# systemctl start quantum-ess.service
scenario_by_service() {
  local since
  start_armed m
  since=$(monotonic_ns m)
  assert machine_run m systemctl start quantum-ess.service
  assert_tripped m "$since"
  assert_recorded m 1
}

# a unit that fails, by OnFailure=quantum-ess-trip@%n.service; its name is the reason
scenario_by_on_failure() {
  local since
  start_armed m
  machine_write m /etc/systemd/system/risk-check.service <<'END'
[Unit]
OnFailure=quantum-ess-trip@%n.service
[Service]
Type=oneshot
ExecStart=false
END
  machine_run m systemctl daemon-reload
  since=$(monotonic_ns m)
  assert_fails machine_run m systemctl start risk-check
  assert_tripped m "$since"
  assert_recorded m 1
  assert_match "$(last_of_kind m trip | jq -r .ess.reason)" 'risk-check\.service' "reason in the ledger"
}

# created and deleted at once: a creation that was seen counts
scenario_by_blink() {
  local since
  start_armed m
  since=$(machine_run m heartbeat --blink "$LATCH")
  assert_tripped m "$since"
  assert_recorded m 1
  assert_soon 2 "the latch is there again" machine_run m test -e "$LATCH"
}

# anything at that path counts: a directory, a dangling link, a pipe, a file that nobody may read
scenario_by_anything() {
  local since kind
  start_armed m
  for kind in 'mkdir' 'ln -s /nowhere' 'mkfifo' 'install -m 0 /dev/null'; do
    since=$(monotonic_ns m)
    # shellcheck disable=SC2086  # a command and its arguments
    machine_run m $kind "$LATCH"
    assert_state m tripped
    assert_silent_since m "$since" "${TRADING[@]}"
    assert_stopped m "${TRADING[@]}"
    assert_masked m "${TRADING[@]}"
    reset_latch m "after $kind"
    assert_fails machine_run m test -e "$LATCH" -o -L "$LATCH"
    start_platform m
  done
}

# units in /etc/systemd/system and in /usr/lib/systemd/system are masked alike
scenario_units_wherever_their_files_are() {
  local since
  start_armed m
  assert_match "$(unit_property m quantum-governor FragmentPath)" '^/etc/systemd/system/' "file of the governor"
  assert_match "$(unit_property m quantum-vendor FragmentPath)" '^(/usr)?/lib/systemd/system/' "file of the vendor's unit"
  since=$(touch_latch m)
  assert_tripped m "$since"
  assert_masked m quantum-governor quantum-vendor
  assert_cannot_start m quantum-governor quantum-vendor
}

# a unit that ignores SIGTERM is dead in time, by the kernel and not before its grace is over
scenario_unit_that_ignores_sigterm() {
  local since unit
  start_armed m
  since=$(touch_latch m)
  assert_tripped m "$since"
  assert_recorded m 1
  unit=$(last_of_kind m trip | jq -c '.ess.units[] | select(.name == "quantum-execution.service")')
  assert_above "$(jq .killed_us <<<"$unit")" 700000 "us until the kernel killed it"
  assert_below "$(jq .empty_us <<<"$unit")" "$((STOP_LIMIT_MS * 1000))" "us until it was empty"
}

# both processors saturated by a trading unit and its children
scenario_with_the_processors_saturated() {
  local since
  start_armed m
  machine_write m /etc/systemd/system/quantum-execution.service.d/spin.conf <<'END'
[Service]
ExecStart=
ExecStart=/usr/local/bin/heartbeat --ignore-sigterm --spin --fork 20 quantum-execution
END
  machine_run m systemctl daemon-reload
  machine_run m systemctl kill --signal=KILL quantum-execution
  assert_soon 5 "the unit is down" units_are_empty m quantum-execution
  machine_run m systemctl start quantum-execution
  assert_running m quantum-execution
  since=$(touch_latch m)
  assert_tripped m "$since"
}

# a trip with nothing to stop is a trip
scenario_with_nothing_running() {
  needs_essd
  machine_start m
  assert_state m armed
  machine_run m systemctl start "$MONITORING"
  touch_latch m
  assert_state m tripped
  assert_masked m "${TRADING[@]}"
  assert_cannot_start m "${TRADING[@]}"
  assert_recorded m 1
}

# a second latch event during and after a trip changes nothing
scenario_twice() {
  local since
  start_armed m
  since=$(touch_latch m)
  touch_latch m
  machine_run m essctl trip --reason "once more" || true
  assert_tripped m "$since"
  touch_latch m
  assert_recorded m 1
  assert_stays 500 "one trip, one entry" has_entries m trip 1
}

# essd is killed in the middle of a trip: it finishes it when it comes back
scenario_essd_killed_in_the_middle() {
  local since
  start_armed m
  # execution takes 800 ms, so essd is still at it
  since=$(touch_latch m)
  machine_run m systemctl kill --kill-whom=main --signal=KILL essd.service
  assert_tripped m "$since"
  assert_soon 5 "essd is up again" unit_runs m essd
}

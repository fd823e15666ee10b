# shellcheck shell=bash
# While tripped, nothing brings a trading unit back; and without an armed stop there is no trading.

# tripped NAME: a machine whose platform ran and was stopped
tripped() {
  local since
  start_armed "$@"
  since=$(touch_latch "$1")
  assert_tripped "$1" "$since"
}

# every stopped unit refuses to start, and still after daemon-reload
scenario_start_is_refused() {
  tripped m
  machine_run m systemctl daemon-reload
  assert_masked m "${TRADING[@]}"
  assert_cannot_start m "${TRADING[@]}"
}

# restart, D-Bus, a unit that wants it, a timer: none of them starts a stopped unit
scenario_other_ways_to_start() {
  tripped m
  assert_fails machine_run m systemctl restart quantum-governor
  machine_run m systemctl try-restart quantum-governor || true
  assert_fails machine_run m busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 \
    org.freedesktop.systemd1.Manager StartUnit ss quantum-governor.service replace
  machine_write m /etc/systemd/system/wanting.service \
    <<<$'[Unit]\nWants=quantum-governor.service\n[Service]\nType=oneshot\nExecStart=true'
  machine_write m /etc/systemd/system/quantum-governor.timer <<<$'[Timer]\nOnActiveSec=100ms\nAccuracySec=1ms'
  machine_run m systemctl daemon-reload
  machine_run m systemctl start wanting.service
  machine_run m systemctl start quantum-governor.timer || true
  assert_stays 700 "the governor is down" units_are_empty m quantum-governor
}

# Restart=always with RestartSec=0 does not come back, neither by the trip nor by a kill that systemd sees as a failure
scenario_restart_always_stays_down() {
  tripped m
  assert_stays 1000 "all trading units are down" all_empty m
}

# each unit's own file put where it outranks every mask: the guard alone refuses
scenario_guard_without_masks() {
  tripped m
  # shellcheck disable=SC2016  # expanded by the machine's shell
  assert machine_run m sh -c 'mkdir -p /etc/systemd/system.control && for unit; do
    cp "$(find /etc/systemd/system /usr/lib/systemd/system -type f -name "$unit.service")" /etc/systemd/system.control || exit; done
    systemctl daemon-reload' sh "${TRADING[@]}"
  assert_eq "$(unit_properties m LoadState "${TRADING[@]}" | sort --unique)" loaded "LoadState of what no mask holds"
  assert_cannot_start m "${TRADING[@]}"
  # Not by essd, which kills what starts all the same: nothing did.
  assert_eq "$(machine_journal m --output=cat --grep='asserts failed' | wc -l)" ${#TRADING[@]} "starts that the guard refused"
  assert_stays 300 "down" all_empty m
}

# the latch file deleted by hand is put back, and nothing starts
scenario_latch_is_put_back() {
  tripped m
  machine_run m rm "$LATCH"
  assert_soon 2 "the latch is there again" machine_run m test -e "$LATCH"
  assert_state m tripped
  assert_masked m "${TRADING[@]}"
  assert_stays 300 "all trading units are down" all_empty m
}

# a process that gets into the cgroup of a stopped unit is stopped again
scenario_a_unit_that_comes_back() {
  tripped m
  machine_run m sh -c 'mkdir -p /sys/fs/cgroup/system.slice/quantum-governor.service &&
    { heartbeat quantum-governor & echo $! >/sys/fs/cgroup/system.slice/quantum-governor.service/cgroup.procs; }' >/dev/null 2>&1
  assert_soon 2 "it is stopped again" units_are_empty m quantum-governor
  assert_state m tripped
}

# a reboot does not release the latch, although the platform is enabled
scenario_reboot_keeps_the_latch() {
  local enable=() unit
  for unit in "${TRADING[@]}" "$MONITORING"; do enable+=(--enable "$unit.service"); done
  tripped m "${enable[@]}"
  machine_reboot m
  assert_state m tripped
  assert machine_run m test -e "$LATCH"
  assert_masked m "${TRADING[@]}"
  assert_cannot_start m "${TRADING[@]}"
  assert_running m "$MONITORING"
  assert_fails machine_run m heartbeat --last quantum-ai-engine
}

# the power goes while tripped
scenario_power_cut_keeps_the_latch() {
  tripped m --enable quantum-ai-engine.service
  assert_soon 5 "the latch's copy is on the disk" machine_run m test -e /var/lib/quantum-ess/latched
  machine_cut m
  machine_boot m
  assert_state m tripped
  assert_masked m "${TRADING[@]}"
  assert_fails machine_run m heartbeat --last quantum-ai-engine
}

# an enabled platform starts at boot, once essd is armed
scenario_boot_starts_the_platform_armed() {
  local enable=() unit
  needs_essd
  for unit in "${TRADING[@]}" "$MONITORING"; do enable+=(--enable "$unit.service"); done
  machine_start m "${enable[@]}"
  assert_state m armed
  assert_running m "${TRADING[@]}" "$MONITORING"
}

# interlock: a trading unit brings essd up with it; when essd cannot come up, it does not start
scenario_no_trading_without_an_armed_stop() {
  needs_essd
  machine_start m
  assert_state m armed
  machine_run m systemctl stop essd.service essd.socket
  assert machine_run m systemctl start quantum-governor
  assert_state m armed
  machine_run m systemctl stop quantum-governor essd.service essd.socket
  machine_run m systemctl mask --runtime essd.service essd.socket
  assert_cannot_start m quantum-governor
}

# a trading unit that restarts while essd is restarted is not left behind
scenario_restart_of_essd_leaves_trading_alone() {
  local governor
  start_armed m
  governor=$(unit_pid m quantum-governor)
  machine_run m systemctl restart --no-block essd.service
  machine_run m systemctl kill --signal=KILL quantum-ai-engine
  assert_state m armed
  assert_soon 10 "the AI engine comes back" unit_runs m quantum-ai-engine
  assert_running m "${TRADING[@]}"
  assert_eq "$(unit_pid m quantum-governor)" "$governor" "PID of the governor"
}

# shellcheck shell=bash
# A host with cgroup v1: no cgroup.kill, and no cgroup.events. The kernel is asked for the processes, and each is killed
# through its pidfd.

start_v1() {
  [[ -d /sys/fs/cgroup/systemd ]] || skip "this host cannot give a machine cgroup v1"
  export MACHINE_UNIFIED=0
  start_armed "$@"
  assert_eq "$(status "$1" .kill_method)" pidfd kill_method
}

# the stop, with a unit that ignores SIGTERM and one of three processes
scenario_stops() {
  local since
  start_v1 m
  since=$(touch_latch m)
  assert_tripped m "$since"
  assert_eq "$(status m .last_operation.outcome)" SUCCESS outcome
}

# category 0: killed at once, process by process
scenario_category_0() {
  local since
  start_v1 m
  machine_write m /etc/quantum/ess.yaml <<<"{stop: {category: 0}, units: [$(IFS=,; echo "${TRADING[*]}")]}"
  assert machine_run m systemctl restart essd
  assert_state m armed
  since=$(touch_latch m)
  assert_tripped m "$since"
  assert_below "$(status m '[.units[].stop_us] | max')" 500000 "stop_us of the last unit"
}

# a process that gets into the cgroup of a stopped unit is found and killed
scenario_stays_stopped() {
  start_v1 m
  touch_latch m >/dev/null
  assert_state m tripped
  # shellcheck disable=SC2016  # expanded by the machine's shell
  machine_run m sh -c 'd=/sys/fs/cgroup/systemd/system.slice/quantum-governor.service; mkdir -p $d
    sleep infinity & echo $! >$d/cgroup.procs; echo $! >/tmp/intruder'
  # shellcheck disable=SC2016
  assert_soon 5 "the intruder is dead" machine_run m sh -c '! kill -0 $(cat /tmp/intruder) 2>/dev/null'
}

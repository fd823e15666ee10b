# shellcheck shell=bash
# What ends while a trip is on - the host, essd, its package - and finds it on again.

# shellcheck source=tests/system/hard_cases.sh
source "$MACHINE_SOURCE/tests/system/hard_cases.sh"

# enabled NAME: the platform would start at boot.
enabled() { systemctl --root="$(machine_root "$1")" --quiet enable "${TRADING[@]/%/.service}" "$MONITORING.service"; }

assert_never_beat() {
  local name=$1 unit
  shift
  for unit; do assert_fails machine_run "$name" heartbeat --last "$unit"; done
}

# a reboot while tripped: not one instruction of an enabled platform; and the reset works after it
scenario_reboot_while_tripped() {
  local since
  prepare m
  enabled m
  boot_armed m
  assert_running m "${TRADING[@]}"
  since=$(touch_latch m)
  assert_held m "$since" "${TRADING[@]}"
  machine_run m rm -r /dev/shm/heartbeat
  machine_reboot m
  assert_state m tripped
  assert machine_run m test -e "$LATCH"
  assert_masked m "${TRADING[@]}"
  assert_never_beat m "${TRADING[@]}"
  assert_running m "$MONITORING"
  assert_cannot_start m "${TRADING[@]}"
  assert_never_beat m "${TRADING[@]}"
  assert_eq "$(entries m trip | wc -l)" 1 "trips in the ledger"
  reset_latch m "after the reboot"
  start_platform m
}

# the state directory is a file system of its own that is mounted late: nobody knows of the latch before that
scenario_latch_on_a_late_file_system() {
  local since
  prepare m
  enabled m
  late_state m
  boot_armed m
  assert_running m "${TRADING[@]}"
  since=$(touch_latch m)
  assert_held m "$since" "${TRADING[@]}"
  assert machine_run m test -s /srv/state/latched
  machine_reboot m
  assert_state m tripped
  assert_never_beat m "${TRADING[@]}"
  assert_soon 5 "masked" all_masked m
  assert_running m "$MONITORING"
  reset_latch m
  start_platform m
}

# late_state NAME: mounted when half of the boot is over, and not because the boot waits for it.
late_state() {
  local root unit=var-lib-quantum\\x2dess.mount
  root=$(machine_root "$1")
  mkdir -p "$root/srv/state" "$root/etc/systemd/system/multi-user.target.wants"
  unit_file "$1" late.service '[Unit]' DefaultDependencies=no '[Service]' Type=oneshot 'ExecStart=sleep 1.5'
  unit_file "$1" "$unit" '[Unit]' DefaultDependencies=no Requires=late.service After=late.service Conflicts=umount.target \
    Before=umount.target '[Mount]' What=/srv/state Where=/var/lib/quantum-ess Type=none Options=bind
  ln -s "../$unit" "$root/etc/systemd/system/multi-user.target.wants/$unit"
}

# --- essd killed ------------------------------------------------------------------------------------------------------

# kill_essd_when NAME CONDITION: the latch is set, and essd killed as soon as the machine's shell finds this true. Prints
# the time of the latch.
kill_essd_when() {
  # shellcheck disable=SC2016  # expanded by the machine's shell
  machine_run "$1" sh -c 'pid=$(systemctl show --property=MainPID --value essd); heartbeat --touch "$0"
    until eval "$1"; do :; done; kill -KILL "$pid"' "$LATCH" "$2"
}

assert_finished() {
  local name=$1 since=$2 round=$3
  assert_soon 5 "essd is up again" unit_runs "$name" essd
  assert_state "$name" tripped
  assert_silent_since "$name" "$since" "${TRADING[@]}"
  assert_dead "$name" "${TRADING[@]}"
  assert_masked "$name" "${TRADING[@]}"
  assert_soon 5 "one entry for each trip" has_trips "$name" "$round"
  assert_eq "$(last_trip "$name" | jq -r .entry.outcome)" SUCCESS outcome
  assert_eq "$(last_trip "$name" | jq -r .ess.resumed)" true resumed
}

# essd is killed at several moments of a trip: before the grace is over, after it, while systemd masks
# timeout: 90
scenario_essd_killed_at_any_moment() {
  local since round=0 moment moments
  moments=(
    true
    '! grep -qs "populated 1" /sys/fs/cgroup/system.slice/quantum-governor.service/cgroup.events'
    '! grep -qs "populated 1" /sys/fs/cgroup/system.slice/quantum-execution.service/cgroup.events'
    'test -L /run/systemd/generator.early/quantum-vendor.service'
  )
  start_armed m
  for moment in "${moments[@]}"; do
    round=$((round + 1))
    echo "killed when: $moment"
    since=$(kill_essd_when m "$moment")
    assert_finished m "$since" "$round"
    reset_latch m "round $round"
    start_platform m
  done
}

# essd is restarted over and over while armed, and the latch set at a random moment of it: never missed
# timeout: 90
scenario_latch_during_a_restart() {
  local since round delay
  start_armed m
  for round in 1 2 3 4 5; do
    # The one pause that is meant: the moment has to be any, not one that something announces.
    delay=0.$(printf %03d $((RANDOM % 400)))
    echo "latch $delay s after the restart began"
    since=$(machine_run m sh -c "systemctl restart --no-block essd; sleep $delay; heartbeat --touch $LATCH")
    assert_state m tripped
    assert_silent_since m "$since" "${TRADING[@]}"
    assert_dead m "${TRADING[@]}"
    assert_masked m "${TRADING[@]}"
    assert_soon 5 "one entry for each trip" has_trips m "$round"
    reset_latch m "round $round"
    start_platform m
  done
}

# essd is restarted while tripped: still tripped, no second entry, and never a gap in which a unit starts
scenario_restart_while_tripped() {
  local since
  start_armed m
  since=$(touch_latch m)
  assert_held m "$since" "${TRADING[@]}"
  machine_run m systemctl restart essd
  assert_cannot_start m quantum-governor
  assert_state m tripped
  machine_run m systemctl kill --kill-whom=main --signal=KILL essd
  assert_cannot_start m quantum-governor
  assert_state m tripped
  assert_masked m "${TRADING[@]}"
  assert_stays 500 "one trip, one entry" has_trips m 1
  assert_match "$(status m .last_operation.operation_id)" '^OPS-' "last operation"
  reset_latch m
  assert_stays 300 "one trip, one entry" has_trips m 1
}

# the latch and its copy vanish while essd is down and a reboot is due: the masks of this boot are all that is left. The
# other way round, with the copy alone, essd puts the latch back.
scenario_copy_alone_is_a_latch() {
  local since
  start_armed m
  since=$(touch_latch m)
  assert_held m "$since" "${TRADING[@]}"
  machine_run m systemctl mask --runtime essd.service
  machine_run m systemctl stop essd.service
  machine_run m rm "$LATCH"
  assert_cannot_start m quantum-governor
  machine_run m systemctl unmask --runtime essd.service
  machine_run m systemctl start essd
  assert_state m tripped
  assert_soon 2 "the latch is there again" machine_run m test -e "$LATCH"
  assert_stays 300 "one trip, one entry" has_trips m 1
}

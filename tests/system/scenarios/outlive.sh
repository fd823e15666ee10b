# shellcheck shell=bash
# What a unit may do to outlive a trip, and does not: dead under the limit, masked, recorded.

# shellcheck source=tests/system/hard_cases.sh
source "$MACHINE_SOURCE/tests/system/hard_cases.sh"

# assert_immediate NAME NS UNIT...: silent at the kernel's own speed.
assert_immediate() {
  local name=$1 since=$2 unit ms
  shift 2
  for unit; do
    ms=$(silence_ms "$name" "$since" "$unit")
    echo "category 0: last beat of $unit $ms ms after the latch"
    assert_below "$ms" "$IMMEDIATE_MS" "ms from the latch to the last beat of $unit"
  done
}

# --- the stop categories ----------------------------------------------------------------------------------------------

# category 0 for one unit: the kernel at once, and no ExecStop=; its neighbour of category 1 has its ExecStop=
scenario_category_0_for_a_unit() {
  local since
  prepare m
  beating m quantum-now "ExecStop=touch /run/now-was-asked" TimeoutStopSec=60
  allow m quantum-now 'category: 0'
  trading m quantum-later "ExecStop=touch /run/later-was-asked"
  boot_armed m
  start_beating m quantum-now quantum-later
  since=$(touch_latch m)
  assert_held m "$since" quantum-now quantum-later
  assert_immediate m "$since" quantum-now
  assert_fails machine_run m test -e /run/now-was-asked
  assert machine_run m test -e /run/later-was-asked
  assert_eq "$(entry_unit "$(last_trip m)" quantum-now category)" 0 "category in the entry"
}

# category 0 for all
scenario_category_0_by_default() {
  local since
  prepare m
  # A list of its own: the other one gives a grace, which a unit of category 0 cannot have.
  printf '%s\n' 'stop: {category: 0}' 'units:' "${TRADING[@]/#/  - }" >"$(machine_root m)/etc/quantum/ess.yaml"
  boot_armed m
  start_platform m
  since=$(touch_latch m)
  assert_held m "$since" "${TRADING[@]}"
  assert_immediate m "$since" "${TRADING[@]}"
  assert_running m "$MONITORING"
}

# --- units that do not obey -------------------------------------------------------------------------------------------

# SIGTERM is not heard, neither by the unit nor by its children
scenario_children_that_ignore_sigterm() {
  local since
  prepare m
  service m quantum-odd Type=notify "ExecStart=$BEAT --ignore-sigterm --fork 10 quantum-odd"
  allow m quantum-odd
  boot_armed m
  start_beating m quantum-odd
  since=$(touch_latch m)
  assert_held m "$since" quantum-odd
  assert_above "$(entry_unit "$(last_trip m)" quantum-odd killed_us)" 900000 "us until the kernel killed it"
}

# each process is replaced by its child every few milliseconds: who goes after one PID after the other never ends
scenario_fork_storm() {
  local since
  prepare m
  program m storm <<'END'
#!/bin/sh
trap '' TERM
heartbeat quantum-odd &
sleep 0.05
kill -KILL $!
"$0" &
END
  service m quantum-odd "ExecStart=sh -c 'trap \"\" TERM; for i in 1 2 3 4 5 6 7 8; do storm & done; exec sleep infinity'"
  allow m quantum-odd
  boot_armed m
  start_beating m quantum-odd
  since=$(touch_latch m)
  assert_held m "$since" quantum-odd
}

# a unit that ends all the time and is started again at once
scenario_restarts_at_once() {
  local since
  prepare m
  service m quantum-odd Restart=always RestartSec=0 "ExecStart=timeout --signal=KILL 0.05 $BEAT quantum-odd" \
    '[Unit]' StartLimitIntervalSec=0
  allow m quantum-odd
  boot_armed m
  start_beating m quantum-odd
  since=$(touch_latch m)
  assert_state m tripped
  assert_silent_since m "$since" quantum-odd
  assert_masked m quantum-odd
  # Between two of its lives it may have been the latch's turn, so its time may be missing in the entry.
  assert_entry m 1 SUCCESS
  assert_stays 700 "it does not come back" is_dead m quantum-odd
}

# ExecStop= hangs
scenario_exec_stop_hangs() {
  local since
  prepare m
  trading m quantum-odd "ExecStop=sleep infinity"
  boot_armed m
  start_beating m quantum-odd
  since=$(touch_latch m)
  assert_held m "$since" quantum-odd
  assert_above "$(entry_unit "$(last_trip m)" quantum-odd killed_us)" 900000 "us until the kernel killed it"
}

# ExecStopPost= of an obedient unit runs to its end
scenario_exec_stop_post_runs() {
  local since
  prepare m
  trading m quantum-odd "ExecStopPost=sh -c 'sleep 0.3; touch /run/tidied'"
  boot_armed m
  start_beating m quantum-odd
  since=$(touch_latch m)
  assert_held m "$since" quantum-odd
  assert machine_run m test -e /run/tidied
  assert_eq "$(entry_unit "$(last_trip m)" quantum-odd killed_us)" null "us until the kernel killed it"
}

# ExecStopPost= hangs, and beats
scenario_exec_stop_post_hangs() {
  local since
  prepare m
  trading m quantum-odd "ExecStopPost=$BEAT --ignore-sigterm quantum-odd"
  boot_armed m
  start_beating m quantum-odd
  since=$(touch_latch m)
  assert_held m "$since" quantum-odd
}

# KillMode=process: systemd calls the unit stopped and leaves its children
scenario_kill_mode_process() {
  local since
  prepare m
  service m quantum-odd Type=notify "ExecStart=$BEAT --fork 3 quantum-odd" KillMode=process
  allow m quantum-odd
  boot_armed m
  start_beating m quantum-odd
  since=$(touch_latch m)
  assert_held m "$since" quantum-odd
}

# KillMode=none: systemd kills nobody
scenario_kill_mode_none() {
  local since
  prepare m
  trading m quantum-odd KillMode=none
  boot_armed m
  start_beating m quantum-odd
  since=$(touch_latch m)
  assert_held m "$since" quantum-odd
}

# RefuseManualStop=yes: systemd does not even take the order
scenario_refuses_to_be_stopped() {
  local since
  prepare m
  trading m quantum-odd '[Unit]' RefuseManualStop=yes
  boot_armed m
  start_beating m quantum-odd
  assert_fails machine_run m systemctl stop quantum-odd
  since=$(touch_latch m)
  assert_held m "$since" quantum-odd
}

# units ordered behind each other, each slow to stop: systemd takes them one after the other
scenario_slow_chain() {
  local since
  prepare m
  trading m quantum-a "ExecStop=sleep 0.8"
  trading m quantum-b "ExecStop=sleep 0.8" '[Unit]' After=quantum-a.service
  trading m quantum-c "ExecStop=sleep 0.8" '[Unit]' After=quantum-b.service
  boot_armed m
  start_beating m quantum-a quantum-b quantum-c
  since=$(touch_latch m)
  assert_held m "$since" quantum-a quantum-b quantum-c
}

# --- where its processes are ------------------------------------------------------------------------------------------

# Delegate=: a tree of cgroups of its own making, the beat deep inside
scenario_delegated_cgroups() {
  local since
  prepare m
  program m deep <<'END'
#!/bin/sh
mine=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
mkdir -p "$mine/a/b/c" "$mine/other.service"
heartbeat --ignore-sigterm quantum-odd &
echo $! >"$mine/a/b/c/cgroup.procs"
heartbeat --ignore-sigterm quantum-other &
echo $! >"$mine/other.service/cgroup.procs"
exec sleep infinity
END
  service m quantum-odd Delegate=yes ExecStart=/usr/local/bin/deep
  allow m quantum-odd
  boot_armed m
  start_beating m quantum-odd
  assert_soon 5 "the other one beats" unit_beats m quantum-other
  since=$(touch_latch m)
  assert_held m "$since" quantum-odd
  assert_silent_since m "$since" quantum-other
}

# in slices of their own, one below another
scenario_own_slices() {
  local since
  prepare m
  deaf m quantum-a Slice=quantum.slice
  deaf m quantum-b Slice=quantum-desk-one.slice
  boot_armed m
  start_beating m quantum-a quantum-b
  since=$(touch_latch m)
  assert_held m "$since" quantum-a quantum-b
}

# a slice that was there, went, and came again with the unit
scenario_slice_made_again() {
  local since
  prepare m
  deaf m quantum-a Slice=quantum-desk.slice
  boot_armed m
  start_beating m quantum-a
  machine_run m systemctl kill --signal=KILL quantum-a
  machine_run m systemctl stop quantum-a quantum.slice
  start_beating m quantum-a
  since=$(touch_latch m)
  assert_held m "$since" quantum-a
}

# --- in between states ------------------------------------------------------------------------------------------------

# still activating: ExecStartPre= hangs; Type=notify never says that it is ready
scenario_still_starting() {
  local since
  prepare m
  service m quantum-pre "ExecStartPre=$BEAT --ignore-sigterm quantum-pre" "ExecStart=$BEAT quantum-pre" TimeoutStartSec=60
  service m quantum-unready Type=notify "ExecStart=env --unset=NOTIFY_SOCKET $BEAT quantum-unready" TimeoutStartSec=60
  allow m quantum-pre
  allow m quantum-unready
  boot_armed m
  start_beating m quantum-pre quantum-unready
  assert_eq "$(unit_property m quantum-pre ActiveState)" activating "the first"
  assert_eq "$(unit_property m quantum-unready ActiveState)" activating "the second"
  since=$(touch_latch m)
  assert_held m "$since" quantum-pre quantum-unready
}

# waits for its automatic restart, which never comes
scenario_waits_for_its_restart() {
  prepare m
  trading m quantum-odd Restart=always RestartSec=2
  boot_armed m
  start_beating m quantum-odd
  machine_run m systemctl kill --signal=KILL quantum-odd
  assert_soon 2 "it waits" unit_is m quantum-odd SubState auto-restart
  touch_latch m
  assert_state m tripped
  assert_masked m quantum-odd
  assert_entry m 1 SUCCESS
  assert_ne "$(unit_property m quantum-odd SubState)" auto-restart SubState
  assert_stays 2500 "it does not come back" is_dead m quantum-odd
}

# frozen, by systemd and by the kernel alone: thawed, it would trade on
scenario_frozen() {
  prepare m
  deaf m quantum-a
  deaf m quantum-b
  boot_armed m
  start_beating m quantum-a quantum-b
  assert machine_run m systemctl freeze quantum-a
  machine_run m sh -c 'echo 1 >/sys/fs/cgroup/system.slice/quantum-b.service/cgroup.freeze'
  touch_latch m
  assert_soon 2 "dead within the limit" all_dead m quantum-a quantum-b
  assert_state m tripped
  assert_masked m quantum-a quantum-b
  assert_entry m 1 SUCCESS quantum-a quantum-b
}

# started in the very moment of the latch, three times over
scenario_started_at_the_same_moment() {
  local since round
  prepare m
  trading m quantum-odd
  boot_armed m
  for round in 1 2 3; do
    since=$(machine_run m sh -c "systemctl start --no-block quantum-odd & heartbeat --touch $LATCH; wait")
    assert_state m tripped
    if machine_run m heartbeat --last quantum-odd 2>/dev/null; then assert_silent_since m "$since" quantum-odd; fi
    assert_stays 300 "down" is_dead m quantum-odd
    assert_masked m quantum-odd
    reset_latch m "round $round"
  done
}

# on the allow-list, and not on the host
scenario_not_installed() {
  local since
  prepare m
  trading m quantum-odd
  allow m quantum-nowhere
  boot_armed m
  start_beating m quantum-odd
  assert_eq "$(status m '.faults[] | select(.code == "unit-missing") | .severity')" warning "severity of a missing unit"
  since=$(touch_latch m)
  assert_held m "$since" quantum-odd
  assert_eq "$(entry_unit "$(last_trip m)" quantum-nowhere was_running)" false "was_running of the missing unit"
}

# --- what hides the latch from a unit ---------------------------------------------------------------------------------

# another user, and mounts of its own that hide the latch: killed as the others are, and their guard still sees it
scenario_sandboxes() {
  local since units=(quantum-user quantum-strict)
  prepare m
  deaf m quantum-user User=nobody
  deaf m quantum-strict PrivateMounts=yes ProtectSystem=strict ReadWritePaths=/dev/shm PrivateTmp=yes \
    InaccessiblePaths=/run/quantum
  boot_armed m
  machine_run m mkdir -m 1777 /dev/shm/heartbeat
  start_beating m "${units[@]}"
  since=$(touch_latch m)
  assert_held m "$since" "${units[@]}"
  without_essd_masks_and_asserts m "${units[@]}"
  assert_refused_by_the_guard m "${units[@]}"
}

# a root directory of its own, with nothing in it but its program: the guard would be run in there, so essd is not ready
# until RootDirectoryStartOnly= keeps it outside
scenario_root_directory() {
  local since
  prepare m
  trading m quantum-root RootDirectory=/srv/jail MountAPIVFS=yes BindPaths=/dev/shm
  install -D "$(machine_root m)$BEAT" "$(machine_root m)/srv/jail$BEAT"
  machine_install m || fail "no installation"
  machine_boot m || fail "no machine"
  assert_state m not-ready
  assert_match "$(status m '.faults[] | select(.code == "unit-jailed") | .text')" 'quantum-root.*RootDirectoryStartOnly=yes' fault
  machine_write m /etc/systemd/system/quantum-root.service.d/guard.conf <<<$'[Service]\nRootDirectoryStartOnly=yes'
  assert machine_run m systemctl daemon-reload
  assert_state m armed
  start_beating m quantum-root
  since=$(touch_latch m)
  assert_held m "$since" quantum-root
  without_essd_masks_and_asserts m quantum-root
  assert_refused_by_the_guard m quantum-root
}

# without_essd_masks_and_asserts NAME UNIT...: nothing is left between the unit and its start but ExecCondition=. Files in
# /etc/systemd/system.control rank above all masks of essd.
without_essd_masks_and_asserts() {
  local name=$1 unit
  shift
  machine_run "$name" systemctl mask --runtime essd.service essd.socket quantum-ess.path
  machine_run "$name" systemctl stop essd.service essd.socket quantum-ess.path
  for unit; do
    machine_write "$name" "/etc/systemd/system.control/$unit.service" <"$(machine_root "$name")/etc/systemd/system/$unit.service"
    machine_write "$name" "/etc/systemd/system.control/$unit.service.d/zz.conf" \
      <<<$'[Unit]\nAssertPathExists=\nAssertPathIsSymbolicLink='
  done
  machine_run "$name" systemctl daemon-reload
}

# assert_refused_by_the_guard NAME UNIT...: it reads the latch where the unit cannot, and says so.
assert_refused_by_the_guard() {
  local name=$1 unit beat
  shift
  for unit; do
    assert_eq "$(unit_property "$name" "$unit" LoadState)" loaded "LoadState of $unit, without its mask"
    beat=$(last_beat_ns "$name" "$unit")
    machine_run "$name" systemctl start "$unit" || true
    assert_eq "$(unit_property "$name" "$unit" ActiveState)" inactive "ActiveState of $unit"
    assert_eq "$(last_beat_ns "$name" "$unit")" "$beat" "last beat of $unit"
    assert_match "$(machine_journal "$name" --unit="$unit.service" --output=cat)" 'the emergency stop is set' "journal of $unit"
  done
}

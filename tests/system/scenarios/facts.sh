# shellcheck shell=bash
# What the project leans on, each seen on the systemd of the machine: no essd here. The numbers are those of the facts
# in the design.

# a machine without essd, with the platform's files
plain_machine() { ESS_STAGE='' machine_start "$1" --no-allow-list || fail "no machine"; }

# org.freedesktop.systemd1(5)
systemd_call() {
  local name=$1
  shift
  machine_run "$name" busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager "$@"
}

# mask_files NAME RUNTIME UNIT: the plain mask, without a Reload behind it
mask_files() { systemd_call "$1" MaskUnitFiles asbb 1 "$3" "$2" true; }

# a claim that does not hold ends a scenario: otherwise all the others would prove nothing
scenario_claims_can_fail() {
  assert_fails refuted assert false
  assert_status 1 refuted assert_eq 1 2
  assert_status 1 refuted assert_ne 1 1
  assert_status 1 refuted assert_match text '^ext'
  assert_status 1 refuted assert_no_match text ext
  assert_status 1 refuted assert_below 2 2 "two"
  assert_status 1 refuted assert_above 2 2 "two"
  assert_status 1 refuted assert_fails true
  assert_status 1 refuted assert_fails sh -c 'exit 124'
  assert_status 1 refuted assert_status 3 sh -c 'exit 4'
  assert_status 1 refuted assert_soon 1 "never" false
  assert_status 1 refuted assert_stays 100 "never" false
  assert_status 77 refuted skip "no reason"
}

# in a shell of its own, which it ends
refuted() { ("$@"); }

# a machine boots its own systemd, sees nothing of the host's services, and stops without a trace
scenario_machine_boots() {
  local cgroup
  plain_machine m
  cgroup=$(machine_cgroup_root)/$(machine_host_name "$(machine_dir m)")
  assert_eq "$(machine_run m cat /proc/1/comm)" systemd "PID 1"
  assert_eq "$(machine_run m hostname)" m hostname
  assert_eq "$(machine_run m systemctl is-system-running)" running "state of the machine"
  assert_match "$(machine_run m stat -f -c %T /sys/fs/cgroup)" cgroup2 "/sys/fs/cgroup"
  assert [ -d "$cgroup" ]
  machine_stop m
  assert [ ! -e "$cgroup" ]
  assert [ ! -e "$(machine_dir m)" ]
}

# files go in and come out unchanged, and a failing command's status comes back
scenario_machine_files() {
  plain_machine m
  head -c 100000 /dev/urandom >"$MACHINES/sent"
  machine_copy_in m "$MACHINES/sent" /var/run/there/file
  machine_copy_out m /run/there/file "$MACHINES/back"
  assert cmp "$MACHINES/sent" "$MACHINES/back"
  assert_status 7 machine_run m sh -c 'exit 7'
  assert [ ! -e /run/there ]
}

# two machines at once do not see each other
scenario_two_machines() {
  plain_machine a
  plain_machine b
  machine_run a systemctl start quantum-governor
  assert_running a quantum-governor
  assert_fails unit_runs b quantum-governor
  assert_fails machine_run b heartbeat --last quantum-governor
}

# the four traits of the platform are what the trip scenarios take them for
scenario_platform() {
  local pid
  plain_machine m
  start_platform m
  pid=$(unit_pid m quantum-ai-engine)
  machine_run m kill -KILL "$pid"
  assert_soon 2 "the AI engine comes back" unit_beats m quantum-ai-engine
  assert_ne "$(unit_pid m quantum-ai-engine)" "$pid" "PID of the AI engine"
  machine_run m systemctl kill --signal=TERM quantum-execution
  assert_stays 300 "execution does not hear SIGTERM" unit_beats m quantum-execution
  assert_eq "$(unit_property m quantum-apply-layer TimeoutStopUSec)" 1min "TimeoutStopSec of the apply layer"
  assert_eq "$(machine_run m sh -c 'wc -l </sys/fs/cgroup/system.slice/quantum-apply-layer.service/cgroup.procs')" 3 processes
  assert_match "$(unit_property m quantum-vendor FragmentPath)" '^(/usr)?/lib/systemd/system/' "file of the vendor's unit"
  assert_match "$(unit_property m quantum-governor FragmentPath)" '^/etc/systemd/system/' "file of the governor"
}

# fact 1: MaskUnitFiles fails for a unit in /etc, and with runtime=true says yes and does nothing
scenario_mask_does_not_hold_in_etc() {
  plain_machine m
  assert_fails mask_files m false quantum-governor.service
  assert mask_files m true quantum-governor.service
  assert machine_run m systemctl daemon-reload
  assert_ne "$(unit_property m quantum-governor LoadState)" masked LoadState
  assert machine_run m systemctl start quantum-governor
  assert_running m quantum-governor
}

# fact 1: a link in system.control masks a unit in /etc
scenario_control_link_masks() {
  plain_machine m
  machine_run m mkdir -p /run/systemd/system.control
  machine_run m ln -s /dev/null /run/systemd/system.control/quantum-governor.service
  machine_run m systemctl daemon-reload
  assert_masked m quantum-governor
  assert_cannot_start m quantum-governor
  machine_run m rm /run/systemd/system.control/quantum-governor.service
  machine_run m systemctl daemon-reload
  assert machine_run m systemctl start quantum-governor
}

# facts 1 and 4: a generator's early link masks a unit in /etc, at each Reload and at boot
scenario_early_link_masks() {
  plain_machine m
  # shellcheck disable=SC2016  # expanded by the generator's shell
  machine_write m /etc/systemd/system-generators/early <<<$'#!/bin/sh\nln -s /dev/null "$2/quantum-governor.service"'
  machine_run m chmod +x /etc/systemd/system-generators/early
  machine_run m systemctl daemon-reload
  assert_masked m quantum-governor
  assert_cannot_start m quantum-governor
  machine_reboot m
  assert_masked m quantum-governor
  assert_cannot_start m quantum-governor
}

# fact 2: a mask without a Reload does not hold a unit that is loaded
scenario_mask_needs_reload() {
  local pid
  plain_machine m
  machine_run m systemctl start quantum-vendor
  pid=$(unit_pid m quantum-vendor)
  assert mask_files m false quantum-vendor.service
  assert machine_run m systemctl restart quantum-vendor
  assert_running m quantum-vendor
  assert_ne "$(unit_pid m quantum-vendor)" "$pid" "PID of the vendor's unit"
  machine_run m systemctl daemon-reload
  machine_run m systemctl stop quantum-vendor
  assert_masked m quantum-vendor
  assert_cannot_start m quantum-vendor
}

# fact 3: an Assert refuses a start by hand, an ExecCondition also the automatic restart of a killed unit
scenario_guard_conditions() {
  plain_machine m
  machine_write m /etc/systemd/system/quantum-ai-engine.service.d/guard.conf <<'END'
[Unit]
AssertPathExists=!/run/quantum/ESS_ON
[Service]
ExecCondition=/bin/sh -c '! test -e /run/quantum/ESS_ON'
END
  machine_run m systemctl daemon-reload
  machine_run m systemctl start quantum-ai-engine
  machine_run m mkdir -p /run/quantum
  machine_run m touch "$LATCH"
  machine_run m systemctl kill --signal=KILL quantum-ai-engine
  assert_soon 2 "killed and not back" units_are_empty m quantum-ai-engine
  assert_stays 500 "not back" units_are_empty m quantum-ai-engine
  machine_run m systemctl stop quantum-ai-engine
  assert_cannot_start m quantum-ai-engine
}

# fact 3: an Assert alone does not hold an automatic restart on a systemd 257; an ExecCondition alone holds it on both
scenario_asserts_and_automatic_restarts() {
  local drop=/etc/systemd/system/quantum-ai-engine.service.d/guard.conf version
  plain_machine m
  version=$(machine_run m systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
  machine_run m mkdir -p /run/quantum
  machine_write m "$drop" <<<$'[Unit]\nAssertPathExists=!/run/quantum/ESS_ON'
  kill_while_latched m
  echo "systemd $version with an Assert alone: $(units_are_empty m quantum-ai-engine && echo down || echo back)"
  if ((version >= 257)); then assert_fails units_are_empty m quantum-ai-engine; fi
  machine_run m systemctl stop quantum-ai-engine
  machine_run m rm "$LATCH"
  machine_write m "$drop" <<<$'[Service]\nExecCondition=/bin/sh -c "! test -e /run/quantum/ESS_ON"'
  kill_while_latched m
  assert units_are_empty m quantum-ai-engine
}

# kill_while_latched NAME: the AI engine, which systemd starts again at once if it may.
kill_while_latched() {
  local pid
  machine_run "$1" systemctl daemon-reload
  machine_run "$1" systemctl start quantum-ai-engine
  pid=$(unit_pid "$1" quantum-ai-engine)
  machine_run "$1" touch "$LATCH"
  machine_run "$1" systemctl kill --signal=KILL quantum-ai-engine
  assert_soon 2 "systemd has seen the kill" has_left "$1" quantum-ai-engine "$pid"
}

# has_left NAME UNIT PID: the process is gone, and systemd is done with what it makes of that.
has_left() { [[ $(unit_pid "$1" "$2") != "$3" && $(unit_property "$1" "$2" ActiveState) != *ing ]]; }

# fact 5: cgroup.kill silences the units within milliseconds, the one that ignores SIGTERM too
scenario_cgroup_kill_silences() {
  local since unit last worst=0
  plain_machine m
  start_platform m
  since=$(monotonic_ns m)
  # shellcheck disable=SC2016  # expanded by the machine's shell
  machine_run m sh -c 'cd /sys/fs/cgroup/system.slice && for u; do echo 1 >$u.service/cgroup.kill; done' sh quantum-execution quantum-governor
  for unit in quantum-execution quantum-governor; do
    last=$(last_beat_ns m "$unit")
    if ((last - since > worst)); then worst=$((last - since)); fi
  done
  echo "last beat $((worst / 1000)) us after"
  assert_below "$((worst / 1000000))" 500 "ms from before the kill to the last beat"
  assert_soon 2 "execution is empty" units_are_empty m quantum-execution
}

# fact 6: StopUnit has answered while the unit still runs
scenario_stop_unit_only_queues() {
  plain_machine m
  machine_run m systemctl start quantum-execution
  assert systemd_call m StopUnit ss quantum-execution.service replace-irreversibly
  assert_fails units_are_empty m quantum-execution
  assert_fails machine_run m systemctl start quantum-execution
  machine_run m systemctl kill --signal=KILL quantum-execution
  assert_soon 2 "empty after the kernel has spoken" units_are_empty m quantum-execution
}

# inotify sees unit cgroups come and go below system.slice, and cgroup.events change
scenario_inotify_sees_cgroups() {
  plain_machine m
  machine_run m systemctl start quantum-governor
  machine_run m systemd-run --quiet --unit=eyes sh -c 'cd /sys/fs/cgroup/system.slice && exec inotifywait --quiet --monitor \
    --format "%e %w%f" --event create,delete,modify --outfile /run/seen . quantum-governor.service/cgroup.events'
  # inotifywait says nothing of having begun: what it sees of this cgroup does.
  assert_soon 5 "inotifywait watches" inotify_has_begun m
  machine_run m systemctl start quantum-vendor
  machine_run m systemctl stop quantum-vendor
  machine_run m systemctl kill --signal=KILL quantum-governor
  assert_soon 2 "the new cgroup is seen" seen m '^CREATE,ISDIR \./quantum-vendor\.service$'
  assert_soon 2 "the removed cgroup is seen" seen m '^DELETE,ISDIR \./quantum-vendor\.service$'
  assert_soon 2 "the change of populated is seen" seen m '^MODIFY .*quantum-governor\.service/cgroup\.events$'
}

seen() { machine_run "$1" grep -Eq "$2" /run/seen; }

inotify_has_begun() {
  machine_run "$1" mkdir /sys/fs/cgroup/system.slice/probe
  machine_run "$1" rmdir /sys/fs/cgroup/system.slice/probe
  seen "$1" '^CREATE,ISDIR \./probe$'
}

# fact 8: PathExists= with a oneshot fires until systemd gives up; with a service that stays, once
scenario_path_unit_loops() {
  plain_machine m
  machine_write m /etc/systemd/system/loop.service <<<$'[Service]\nType=oneshot\nExecStart=/bin/sh -c "echo x >>/run/fired"'
  machine_write m /etc/systemd/system/loop.path <<<$'[Path]\nPathExists=/run/there'
  machine_write m /etc/systemd/system/stay.service <<<$'[Service]\nExecStart=/bin/sh -c "echo x >>/run/stayed; sleep 1000"'
  machine_write m /etc/systemd/system/stay.path <<<$'[Path]\nPathExists=/run/there'
  machine_run m systemctl daemon-reload
  machine_run m systemctl start loop.path stay.path
  machine_run m touch /run/there
  assert_soon 10 "systemd gives up" unit_is m loop.path ActiveState failed
  assert_match "$(unit_property m loop.path Result)" 'trigger-limit-hit|unit-start-limit-hit' "Result of loop.path"
  assert_above "$(machine_run m sh -c 'wc -l </run/fired')" 3 "how often it fired"
  assert_soon 2 "the other is up" unit_runs m stay
  assert_eq "$(machine_run m sh -c 'wc -l </run/stayed')" 1 "how often the other was started"
}

# fact 9: a reboot empties /run and keeps the disk
scenario_reboot_empties_run() {
  plain_machine m
  machine_run m sh -c 'mkdir -p /run/quantum /var/lib/x; touch /run/quantum/ESS_ON /var/lib/x/kept'
  machine_reboot m
  assert_fails machine_run m test -e "$LATCH"
  assert machine_run m test -e /var/lib/x/kept
  machine_cut m
  machine_boot m
  assert machine_run m test -e /var/lib/x/kept
}

# fact 12: a Reload that masks a unit while it stops makes systemd forget the ExecStopPost= of its file
scenario_reload_while_stopping_forgets() {
  plain_machine m
  machine_write m /etc/systemd/system/slow.service <<'END'
[Service]
ExecStart=/usr/local/bin/heartbeat --ignore-sigterm slow
ExecStopPost=touch /run/post
END
  machine_run m systemctl daemon-reload
  machine_run m systemctl start slow
  # Before it runs, SIGTERM is not ignored yet.
  assert_soon 5 "it beats" unit_beats m slow
  machine_run m systemctl stop --no-block slow
  machine_run m mkdir -p /run/systemd/system.control
  machine_run m ln -s /dev/null /run/systemd/system.control/slow.service
  machine_run m systemctl daemon-reload
  assert_masked m slow
  machine_run m sh -c 'echo 1 >/sys/fs/cgroup/system.slice/slow.service/cgroup.kill'
  assert_soon 5 "stopped" units_are_empty m slow
  assert_soon 5 "systemd knows" unit_is_not_active m slow
  assert_fails machine_run m test -e /run/post
}

# fact 12, the other way round: masked when the unit is empty, ExecStopPost= runs
scenario_reload_when_empty_remembers() {
  plain_machine m
  machine_write m /etc/systemd/system/slow.service <<'END'
[Service]
ExecStart=/usr/local/bin/heartbeat slow
ExecStopPost=touch /run/post
END
  machine_run m systemctl daemon-reload
  machine_run m systemctl start slow
  machine_run m mkdir -p /run/systemd/system.control
  machine_run m ln -s /dev/null /run/systemd/system.control/slow.service
  machine_run m systemctl stop slow
  machine_run m systemctl daemon-reload
  assert_masked m slow
  assert machine_run m test -e /run/post
}

# systemd.unit(5), After=: a start waits for the stop of a unit that is ordered behind it. So a daemon that trading units
# are ordered After= cannot come back while one of them takes its time to stop, which Wants= alone allows.
scenario_start_waits_for_ordered_stop() {
  plain_machine m
  machine_write m /etc/systemd/system/watch.service <<<$'[Service]\nExecStart=sleep infinity\nRestart=always\nRestartSec=0'
  machine_write m /etc/systemd/system/quantum-execution.service.d/order.conf <<<$'[Unit]\nWants=watch.service\nAfter=watch.service'
  machine_run m systemctl daemon-reload
  assert_returns m fails
  machine_write m /etc/systemd/system/quantum-execution.service.d/order.conf <<<$'[Unit]\nWants=watch.service'
  machine_run m systemctl daemon-reload
  assert_returns m succeeds
}

# assert_returns NAME fails|succeeds: watch.service, killed while execution stops
assert_returns() {
  local pid result=succeeds
  machine_run "$1" systemctl start watch quantum-execution
  pid=$(unit_pid "$1" watch)
  machine_run "$1" systemctl stop --no-block quantum-execution
  machine_run "$1" systemctl kill --signal=KILL watch
  wait_until 1 has_another_pid "$1" watch "$pid" || result=fails
  assert_eq "$result" "$2" "the return of a daemon while a unit stops"
  machine_run "$1" systemctl kill --signal=KILL quantum-execution
  assert_soon 2 "watch is back once execution has stopped" has_another_pid "$1" watch "$pid"
  assert_soon 2 "execution has stopped" unit_is_not_active "$1" quantum-execution
}

has_another_pid() { [[ $(unit_pid "$1" "$2") != @(0|"$3") ]]; }

unit_is_not_active() { [[ $(unit_property "$1" "$2" ActiveState) == @(inactive|failed) ]]; }

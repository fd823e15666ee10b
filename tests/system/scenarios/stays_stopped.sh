# shellcheck shell=bash
# While tripped: whatever is done by hand to bring a unit back, it is stopped again, counted and recorded.

# shellcheck source=tests/system/hard_cases.sh
source "$MACHINE_SOURCE/tests/system/hard_cases.sh"

# tripped NAME: the platform ran and is stopped.
tripped() {
  local since
  start_armed "$1"
  since=$(touch_latch "$1")
  assert_held "$1" "$since" "${TRADING[@]}"
}

# has_refusal NAME PATTERN: an entry about something that was not let through.
has_refusal() { entries "$1" refusal | jq -r .entry.changes_summary | grep -Eq "$2"; }

# assert_no_beat_since NAME NS UNIT...
assert_no_beat_since() {
  local name=$1 since=$2 unit
  shift 2
  for unit; do assert_below "$(last_beat_ns "$name" "$unit")" "$since" "last beat of $unit"; done
}

# move_in NAME UNIT: a process that beats, moved by hand into the unit's cgroup. Prints the time just before.
move_in() {
  # shellcheck disable=SC2016  # expanded by the machine's shell
  machine_run "$1" sh -c 'cgroup=/sys/fs/cgroup/system.slice/$1.service; mkdir -p "$cgroup"; heartbeat --now
    heartbeat --ignore-sigterm "$1" >/dev/null 2>&1 & echo $! >"$cgroup/cgroup.procs"' sh "$2"
}

# a process is moved into the cgroup of a stopped unit, again and again
scenario_process_moved_in() {
  local since round
  tripped m
  for round in 1 2 3; do
    since=$(move_in m quantum-governor)
    assert_soon 2 "dead, round $round" is_dead m quantum-governor
    assert_silent_since m "$since" quantum-governor
  done
  assert_state m tripped
  assert_soon 5 "recorded" has_refusal m 'quantum-governor.service had a process again while tripped, 1 times'
  assert_soon 5 "counted" has_refusal m 'quantum-governor.service had a process again while tripped, 2 times'
  assert_eq "$(machine_journal m --unit=essd --output=cat | grep -c 'quantum-governor.service has a process again')" 3 "times in the journal"
  reset_latch m
}

# another unit of the same name, made at run time
scenario_systemd_run_of_the_same_name() {
  local since
  tripped m
  since=$(monotonic_ns m)
  assert_fails machine_run m systemd-run --unit=quantum-governor "$BEAT" quantum-governor
  assert_fails machine_run m systemd-run --scope --unit=quantum-governor.service "$BEAT" quantum-governor
  assert_stays 300 "down" is_dead m quantum-governor
  assert_no_beat_since m "$since" quantum-governor
}

# all masks removed, daemon-reload, start
scenario_masks_removed() {
  local since
  tripped m
  since=$(monotonic_ns m)
  machine_run m find /run/systemd /etc/systemd -lname /dev/null -name 'quantum-*' -delete
  assert_cannot_start m quantum-governor quantum-vendor
  machine_run m systemctl daemon-reload
  assert_cannot_start m quantum-governor quantum-vendor
  assert_masked m "${TRADING[@]}"
  assert_no_beat_since m "$since" "${TRADING[@]}"
}

# the unit's file replaced where it outranks every mask, daemon-reload, start: refused by the guard
scenario_unit_file_replaced() {
  local since
  tripped m
  since=$(monotonic_ns m)
  machine_write m /etc/systemd/system.control/quantum-governor.service \
    <<<$'[Service]\nExecStart=/usr/local/bin/heartbeat quantum-governor\nRestart=always'
  machine_run m systemctl daemon-reload
  assert_eq "$(unit_property m quantum-governor LoadState)" loaded "LoadState of the replaced unit"
  assert_cannot_start m quantum-governor
  assert_stays 500 "down" is_dead m quantum-governor
  assert_no_beat_since m "$since" quantum-governor
}

# the guard removed as well, from the very file: it starts, and is killed again
scenario_guard_removed_too() {
  local since
  tripped m
  machine_write m /etc/systemd/system.control/quantum-governor.service <<'END'
[Service]
ExecStart=/usr/local/bin/heartbeat --ignore-sigterm quantum-governor
END
  machine_write m /etc/systemd/system.control/quantum-governor.service.d/zz.conf <<'END'
[Unit]
AssertPathExists=
AssertPathIsSymbolicLink=
[Service]
ExecCondition=
END
  machine_run m systemctl daemon-reload
  since=$(monotonic_ns m)
  machine_run m systemctl start --no-block quantum-governor
  assert_soon 5 "it was stopped again, and that is recorded" has_refusal m 'quantum-governor.service had a process again'
  assert_soon 2 "dead" is_dead m quantum-governor
  if machine_run m heartbeat --last quantum-governor; then assert_silent_since m "$since" quantum-governor; fi
  assert_state m tripped
}

# the latch removed by hand: put back and recorded
scenario_latch_removed() {
  tripped m
  machine_run m rm "$LATCH"
  assert_soon 2 "the latch is there again" machine_run m test -e "$LATCH"
  assert_state m tripped
  assert machine_run m test -s "$STATE/latched"
  assert_soon 5 "recorded" has_refusal m "latch file $LATCH was removed without a reset"
  assert_masked m "${TRADING[@]}"
  assert_stays 300 "down" all_dead m "${TRADING[@]}"
  assert_eq "$(entries m trip | wc -l)" 1 "trips"
}

# file_removal: reset: the same counts as a reset, and is recorded as one
scenario_latch_removed_is_a_reset() {
  local since
  prepare m
  configure m 50-removal 'latch: {file_removal: reset}'
  boot_armed m
  start_platform m
  since=$(touch_latch m)
  assert_held m "$since" "${TRADING[@]}"
  machine_run m rm "$LATCH"
  assert_state m armed
  assert_soon 5 "the reset is recorded" has_resets m 1
  assert_match "$(entries m reset | jq -r .entry.notes)" 'latch file was removed' "notes of the reset"
  assert_fails machine_run m test -e "$STATE/latched"
  assert_stays 300 "nothing is started" all_dead m "${TRADING[@]}"
  start_platform m
}

# a unit that comes onto the host after the trip, and matches a pattern
scenario_unit_that_appears_later() {
  prepare m
  allow m 'quantum-strat-*.service'
  boot_armed m
  touch_latch m
  assert_state m tripped
  machine_write m /etc/systemd/system/quantum-strat-new.service \
    <<<$'[Service]\nExecStart=/usr/local/bin/heartbeat --ignore-sigterm quantum-strat-new'
  # Without a Reload systemd finds the file when it is asked for it.
  assert_cannot_start m quantum-strat-new
  machine_run m systemctl daemon-reload
  assert_cannot_start m quantum-strat-new
  assert_fails machine_run m systemd-run --unit=quantum-strat-other "$BEAT" quantum-strat-other
  assert_stays 300 "down" all_dead m quantum-strat-new quantum-strat-other
  assert_fails machine_run m heartbeat --last quantum-strat-new
  assert_fails machine_run m heartbeat --last quantum-strat-other
}

# the generator was removed from under an armed essd: what systemd itself can mask is masked, the rest is no success
scenario_generator_lost() {
  local since
  start_armed m
  machine_run m rm /usr/lib/systemd/system-generators/quantum-ess-generator
  since=$(touch_latch m)
  assert_soon 5 "the unit below /usr is masked" unit_is m quantum-vendor LoadState masked
  assert_silent_since m "$since" "${TRADING[@]}"
  assert_soon 5 "a trip is on record" has_trips m 1
  assert_eq "$(last_trip m | jq -r .entry.outcome)" PARTIAL "outcome"
}

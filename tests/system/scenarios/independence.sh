# shellcheck shell=bash
# What is missing, full, stopped or hangs while a trip runs: the stop does not wait for it, and says what it could not do.

# shellcheck source=tests/system/hard_cases.sh
source "$MACHINE_SOURCE/tests/system/hard_cases.sh"

# --- the bus and PID 1 ------------------------------------------------------------------------------------------------

bus_down() { machine_run "$1" systemctl stop dbus.socket dbus.service; }
bus_up() { machine_run "$1" systemctl start dbus.socket dbus.service; }

# last_beats NAME: of each trading unit, by its own word in shared memory.
last_beats() {
  local unit
  for unit in "${TRADING[@]}"; do last_beat_ns "$1" "$unit"; done
}
beats_are() { [[ $(last_beats "$1") == "$2" ]]; }

# assert_completed NAME: the second entry says that the first, partial one is complete now.
assert_completed() {
  local entry
  assert_soon 20 "the completion is in the ledger" has_trips "$1" 2
  entry=$(last_trip "$1")
  assert_eq "$(jq -r .entry.outcome <<<"$(first_trip "$1")")" PARTIAL "outcome at first"
  assert_eq "$(jq -r .entry.outcome <<<"$entry")" SUCCESS "outcome in the end"
  assert_eq "$(jq -r .ess.completion <<<"$entry")" true completion
}

# the bus is gone before the latch: the kernel kills at once, and systemd is told when the bus is back
scenario_bus_stopped_before() {
  local since beats
  start_armed m
  bus_down m
  assert_soon 5 "the status says so" has_fault m bus-down
  since=$(touch_latch m)
  assert_state m tripped
  assert_silent_since m "$since" "${TRADING[@]}"
  assert_soon 2 "they are dead" all_dead m "${TRADING[@]}"
  assert_entry m 1 PARTIAL "${TRADING[@]}"
  assert_match "$(jq -r '.ess.problems | join(";")' <<<"$(last_trip m)")" 'bus' "problems in the entry"
  beats=$(last_beats m)
  if machine_run m systemctl --version | grep --quiet '^systemd 252 '; then
    assert_stays 500 "they stay down without the bus" all_dead m "${TRADING[@]}"
  else
    # 257 tries an automatic restart without a look at the Assert, and essd kills what the guard's ExecCondition= runs.
    assert_stays 500 "nothing trades without the bus" beats_are m "$beats"
  fi
  assert_eq "$(last_beats m)" "$beats" "last beats"
  bus_up m
  assert_completed m
  assert_masked m "${TRADING[@]}"
  assert_running m "$MONITORING"
}

# the bus goes in the middle of the trip
scenario_bus_stopped_in_the_middle() {
  local since
  start_armed m
  since=$(touch_latch m)
  bus_down m
  assert_state m tripped
  assert_silent_since m "$since" "${TRADING[@]}"
  assert_dead m "${TRADING[@]}"
  bus_up m
  assert_soon 20 "masked when the bus is back" all_masked m
  assert_soon 10 "the ledger ends with a success" ends_with_success m
}

ends_with_success() { [[ $(last_trip "$1" | jq -r .entry.outcome) == SUCCESS ]]; }

# dbus-daemon is there and does not answer
scenario_bus_hangs() {
  local since
  start_armed m
  machine_run m systemctl kill --kill-whom=main --signal=STOP dbus.service
  since=$(touch_latch m)
  assert_soon 3 "all are dead" all_dead m "${TRADING[@]}"
  assert_silent_since m "$since" "${TRADING[@]}"
  machine_run m systemctl kill --kill-whom=main --signal=CONT dbus.service
  assert_state m tripped
  assert_soon 20 "masked when the bus answers again" all_masked m
  assert_soon 10 "the ledger ends with a success" ends_with_success m
}

# PID 1 does not answer: stopped from outside, which no signal of the machine's own can do
scenario_pid_1_hangs() {
  local since leader
  start_armed m
  leader=$(<"$(machine_dir m)/leader")
  kill -STOP "${leader%% *}"
  since=$(touch_latch m)
  assert_soon 3 "all are dead" all_dead m "${TRADING[@]}"
  assert_silent_since m "$since" "${TRADING[@]}"
  assert_eq "$(status m .state)" tripping "state while systemd has not confirmed the masks"
  kill -CONT "${leader%% *}"
  assert_state m tripped
  assert_soon 10 "masked when systemd answers again" all_masked m
  # The stop jobs may be done after the masks: then the first entry is partial, and a second one completes it.
  assert_soon 10 "the ledger ends with a success" ends_with_success m
  assert_below "$(last_trip m | jq .ess.stop_us)" "$((STOP_LIMIT_MS * 1000))" stop_us
  assert_running m "$MONITORING"
}

# --- the ledger's disk ------------------------------------------------------------------------------------------------

# armed_on_disk NAME: the platform runs, and the state directory is a disk of its own.
armed_on_disk() {
  prepare "$1"
  disk_make disk
  boot_armed "$1" "--bind=$MACHINES/disk:$STATE"
  start_platform "$1"
}

# armed_on_tmpfs NAME SIZE
armed_on_tmpfs() {
  prepare "$1"
  boot_armed "$1" "--tmpfs=$STATE:mode=0755,size=$2"
  start_platform "$1"
}

# assert_stopped_and_shown NAME NS CODE: in time, masked, with this fault in the status.
assert_stopped_and_shown() {
  assert_state "$1" tripped
  assert_silent_since "$1" "$2" "${TRADING[@]}"
  assert_dead "$1" "${TRADING[@]}"
  assert_masked "$1" "${TRADING[@]}"
  assert_soon 10 "the status shows $3" has_fault "$1" "$3"
  assert_status 3 machine_run "$1" essctl status
}

# assert_late NAME COUNT: the trip's entry was appended when the ledger could be written again.
assert_late() {
  assert_soon 15 "$2 trips in the ledger" has_trips "$1" "$2"
  assert_eq "$(jq -r .entry.outcome <<<"$(last_trip "$1")")" SUCCESS outcome
  assert_soon 10 "no fault is left" has_no_errors "$1"
}

# full
scenario_disk_full() {
  local since
  armed_on_tmpfs m 1M
  machine_run m sh -c "head -c 2M /dev/zero >$STATE/filler" || true
  since=$(touch_latch m)
  assert_stopped_and_shown m "$since" ledger
  assert has_fault m latch-copy
  machine_run m rm "$STATE/filler"
  assert_late m 1
  # Whether its entry came late: it may have fitted behind the ledger's first lines, in a page that was there already.
  assert_eq "$(status m .last_operation.outcome)" SUCCESS "outcome of the last operation"
  assert_soon 10 "the latch's copy is on the disk" machine_run m test -s "$STATE/latched"
  machine_run m systemctl restart essd
  assert_state m tripped
  assert_stays 300 "one trip, one entry" has_trips m 1
}

# the file system turns read-only under essd, as ext4 does at an error: recorded once another disk is there
scenario_disk_read_only() {
  local since
  prepare m
  disk_make disk
  disk_make disk-spare
  boot_armed m "--bind=$MACHINES/disk:$STATE" "--bind=$MACHINES/disk-spare:/srv/spare"
  start_platform m
  mount -o remount,abort "$MACHINES/disk" || fail "the file system does not turn read-only"
  since=$(touch_latch m)
  assert_stopped_and_shown m "$since" ledger
  assert_soon 5 "the status shows that the latch is not on the disk" has_fault m latch-copy
  machine_run m mount --bind /srv/spare "$STATE"
  assert_soon 10 "the latch's copy is on the disk" machine_run m test -s "$STATE/latched"
  machine_run m systemctl restart essd.service
  assert_state m tripped
  assert_soon 10 "the trip is in the ledger" has_trips m 1
  assert_masked m "${TRADING[@]}"
}

# hanging: nothing that is written comes back
scenario_disk_hangs() {
  local since
  armed_on_disk m
  disk_freeze
  since=$(touch_latch m)
  assert_stopped_and_shown m "$since" disk
  assert_eq "$(ledger_lines m | jq -s 'map(select(.kind == "trip")) | length')" 0 "trips on the disk"
  disk_thaw
  assert_late m 1
  assert_soon 5 "the latch's copy is on the disk" machine_run m test -s "$STATE/latched"
}

# the trip after an entry that hangs: as fast as the first, with the disk gone for so long that essd is not ready any more
# timeout: 90
scenario_disk_hangs_over_the_next_trip() {
  local since
  armed_on_disk m
  touch_latch m
  assert_state m tripped
  reset_latch m
  assert_soon 5 "the reset is in the ledger" has_resets m 1
  start_platform m
  disk_freeze
  # An entry that nobody waits for: it hangs in the writer, and all behind it.
  assert_fails machine_run m essctl reset --reason "there is nothing to reset"
  assert_soon 10 "the status shows that the disk hangs" has_fault m disk
  assert_state m not-ready
  assert_running m "${TRADING[@]}"
  since=$(touch_latch m)
  assert_stopped_and_shown m "$since" disk
  disk_thaw
  assert_late m 2
}

# a trading process that sleeps in the kernel because of its disk: PARTIAL, named, and complete once the disk answers
# timeout: 90
scenario_trading_process_in_uninterruptible_sleep() {
  local since entry
  prepare m
  disk_make disk
  # shellcheck disable=SC2016  # expanded by the unit's shell
  service m quantum-odd 'ExecStart=sh -c "while :; do date >>/srv/data/trades; sleep 0.01; done"'
  allow m quantum-odd
  boot_armed m "--bind=$MACHINES/disk:/srv/data"
  start_platform m
  machine_run m systemctl start quantum-odd
  assert_soon 5 "it trades" machine_run m test -s /srv/data/trades
  disk_freeze
  assert_soon 5 "it hangs" sleeps_in_the_kernel m quantum-odd
  since=$(touch_latch m)
  assert_state m tripped
  assert_silent_since m "$since" "${TRADING[@]}"
  assert_dead m "${TRADING[@]}"
  assert_soon 5 "the entry is written" has_trips m 1
  entry=$(last_trip m)
  assert_eq "$(jq -r .entry.outcome <<<"$entry")" PARTIAL outcome
  assert_match "$(jq -r '.ess.problems | join(";")' <<<"$entry")" 'quantum-odd.service still has a process' problems
  assert_eq "$(status m '[.units[] | select(.empty | not) | .name] | join(" ")')" quantum-odd.service "units not empty"
  assert_masked m quantum-governor
  assert_status 5 machine_run m essctl reset --reason "let it go on"
  disk_thaw
  assert_soon 5 "it is dead" is_dead m quantum-odd
  assert_soon 30 "the completion is in the ledger" has_trips m 2
  entry=$(last_trip m)
  assert_eq "$(jq .ess.completion <<<"$entry")" true completion
  assert_eq "$(entry_unit "$entry" quantum-odd empty)" true "quantum-odd is empty"
  assert_above "$(entry_unit "$entry" quantum-odd empty_us)" "$((STOP_LIMIT_MS * 1000))" "us until it was empty"
  assert_masked m quantum-odd
}

# --- the journal, the processors --------------------------------------------------------------------------------------

# journald is stopped in its tracks, and its socket is full: who writes to it blocks
scenario_journal_stopped() {
  local since
  start_armed m
  machine_run m systemctl kill --kill-whom=main --signal=STOP systemd-journald.service
  machine_run m timeout 2 sh -c 'while :; do echo "the socket fills up"; done | systemd-cat' || true
  since=$(touch_latch m)
  assert_state m tripped
  assert_silent_since m "$since" "${TRADING[@]}"
  assert_dead m "${TRADING[@]}"
  assert_masked m "${TRADING[@]}"
  machine_run m systemctl kill --kill-whom=main --signal=CONT systemd-journald.service
  assert_entry m 1 SUCCESS "${TRADING[@]}"
}

# both processors saturated by others, at normal priority, with units of both categories
scenario_processors_saturated_by_others() {
  local since
  prepare m
  beating m quantum-now
  allow m quantum-now 'category: 0'
  service m burner 'ExecStart=sh -c "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do while :; do :; done & done; wait"'
  boot_armed m
  start_platform m
  start_beating m quantum-now
  machine_run m systemctl start burner
  since=$(touch_latch m)
  assert_held m "$since" quantum-now "${TRADING[@]}"
  echo "category 0: last beat $(silence_ms m "$since" quantum-now) ms after the latch"
  assert_below "$(silence_ms m "$since" quantum-now)" "$IMMEDIATE_MS" "ms until the unit of category 0 is silent"
  assert unit_runs m burner
}

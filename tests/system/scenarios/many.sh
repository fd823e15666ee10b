# shellcheck shell=bash
# Many units at once, and units beside the allow-list that systemd takes down with them.

# shellcheck source=tests/system/hard_cases.sh
source "$MACHINE_SOURCE/tests/system/hard_cases.sh"

# a hundred at once, a third of them deaf to SIGTERM
scenario_a_hundred_units() {
  local since
  prepare m
  service m quantum-deaf@ Type=notify "ExecStart=$BEAT --ignore-sigterm quantum-deaf@%i"
  service m quantum-good@ Type=notify "ExecStart=$BEAT quantum-good@%i"
  allow m 'quantum-deaf@*.service'
  allow m 'quantum-good@*.service'
  boot_armed m
  machine_run m systemctl start quantum-deaf@{1..33} quantum-good@{1..67}
  since=$(touch_latch m)
  assert_state m tripped
  assert_silent_since m "$since" quantum-deaf@{1..33} quantum-good@{1..67}
  assert_entry m 1 SUCCESS quantum-deaf@1 quantum-deaf@33 quantum-good@1 quantum-good@67
  assert_eq "$(jq '[.ess.units[] | select(.was_running and .empty and .masked_us != null)] | length' <<<"$(last_trip m)")" 100 "units"
  assert_eq "$(machine_run m systemctl list-units --no-legend --state=active 'quantum-deaf@*' 'quantum-good@*')" "" "active units"
}

ended_well() { [[ $(last_trip "$1" | jq -r .entry.outcome) == SUCCESS ]]; }

# more than the bus lets one connection wait for: systemd is asked to stop each, and for what hangs together with each. On
# a busy machine it takes longer than the budget to say that it has, which is another entry.
scenario_more_units_than_replies() {
  prepare m
  service m quantum-good@ Type=notify "ExecStart=$BEAT quantum-good@%i"
  allow m 'quantum-good@*.service' 'grace: 1800ms'
  boot_armed m
  machine_run m systemctl start quantum-good@{1..200}
  # essd asks about them all once they are loaded, and again here.
  machine_run m systemctl daemon-reload
  assert_soon 10 "systemd answers" state_is m armed
  # What systemd tells of a unit is 100 KiB as it comes, and what is locked in memory stays there.
  # shellcheck disable=SC2016  # expanded by the machine's shell
  assert_below "$(machine_run m sh -c 'awk "/^VmRSS/ { print \$2 }" "/proc/$(systemctl show --property=MainPID --value essd)/status"')" 24576 \
    "KiB of memory that essd has"
  touch_latch m >/dev/null
  assert_state m tripped
  assert_soon 30 "the trip ends well" ended_well m
  assert_eq "$(jq '[.ess.units[] | select(.was_running and .stop_requested_us != null)] | length' <<<"$(first_trip m)")" 200 \
    "units that systemd was asked to stop"
  assert_eq "$(machine_journal m --output=cat | grep 'pending replies' || true)" "" "calls that the bus refused"
}

on_the_bus() { machine_run "$1" busctl --quiet call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.DBus.Peer Ping; }

# more than systemd can have stop jobs for one who asks: it watches that one by a match rule for each, and one too many
# puts systemd off the bus
# timeout: 240
scenario_more_units_than_match_rules() {
  prepare m
  service m quantum-good@ "ExecStart=sleep infinity"
  allow m 'quantum-good@*.service' 'category: 0'
  boot_armed m
  MACHINE_RUN_SECONDS=150 machine_run m systemctl start quantum-good@{1..800}
  touch_latch m >/dev/null
  assert_soon 60 "the trip ends well" ended_well m
  assert on_the_bus m
  assert_eq "$(machine_journal m --output=cat | grep 'add more match rules' || true)" "" "match rules that the bus refused"
}

# nobody_asked_since NAME: systemd was not asked to stop an allowed unit since it was asked for the marker, by the bus's own word
nobody_asked_since() { machine_run "$1" awk '/marker\.service/ { after = 1 } after && /quantum-good@/ { exit 1 }' /run/stops; }

# a reset while systemd is still being asked: it is asked no more, since what is started then must not be stopped. How many were
# asked by then is said: a machine that is through with all before the reset comes cannot show this.
# timeout: 240
scenario_reset_before_all_are_asked() {
  prepare m
  service m quantum-good@ "ExecStart=sleep infinity"
  allow m 'quantum-good@*.service' 'category: 0'
  # Over before systemd is through with all jobs, so that a reset is possible.
  configure m 60-budget 'stop: {budget: 1s, grace: 800ms}'
  boot_armed m
  MACHINE_RUN_SECONDS=150 machine_run m systemctl start quantum-good@{1..800}
  machine_run m systemd-run --quiet --unit=monitor sh -c 'exec busctl monitor --match member=StopUnit >/run/stops'
  assert_soon 5 "it listens" unit_is m monitor.service ActiveState active
  touch_latch m >/dev/null
  assert_soon 30 "the state is tripped" state_is m tripped
  machine_run m essctl reset --reason "before all are asked" >/dev/null || fail "the reset fails"
  # Not a unit: what was asked for before has been written down when this is.
  machine_run m busctl --quiet call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager \
    StopUnit ss marker.service replace 2>/dev/null || true
  assert_soon 10 "the monitor is through" machine_run m grep --quiet marker.service /run/stops
  echo "$(machine_run m grep --count quantum-good@ /run/stops) of 800 were asked to stop by the time of the reset"
  assert_stays 3000 "nobody is asked any more" nobody_asked_since m
}

# predicts NAME UNIT "UNIT...": the status names what systemd would stop along
predicts() {
  [[ $(status "$1" "[.units[] | select(.name == \"$2.service\") | .pulls_down[]] | sort | join(\" \")") == "$3" ]]
}

# Requires=, Requisite=, BindsTo= and PartOf= an allowed unit: systemd takes them down with it, the status says so
# beforehand, and the entry afterwards. Wants= and After= do not.
scenario_what_goes_down_with_it() {
  local since unit
  prepare m
  beating m other-requires '[Unit]' Requires=quantum-governor.service
  beating m other-binds '[Unit]' BindsTo=quantum-governor.service After=quantum-governor.service
  beating m other-part '[Unit]' PartOf=quantum-governor.service
  beating m other-requisite '[Unit]' Requisite=quantum-governor.service After=quantum-governor.service
  beating m other-wants '[Unit]' Wants=quantum-governor.service After=quantum-governor.service
  boot_armed m
  start_platform m
  start_beating m other-requires other-binds other-part other-requisite other-wants
  assert_soon 5 "it is predicted" predicts m quantum-governor "other-binds.service other-part.service other-requires.service other-requisite.service"
  since=$(touch_latch m)
  assert_tripped m "$since"
  assert_eq "$(last_trip m | jq -r '.ess.pulled_down | sort | join(" ")')" \
    "other-binds.service other-part.service other-requires.service other-requisite.service" "recorded"
  for unit in other-requires other-binds other-part other-requisite; do
    assert_soon 5 "$unit goes down with the governor" unit_is m "$unit" ActiveState inactive
    assert_ne "$(unit_property m "$unit" LoadState)" masked "LoadState of $unit"
  done
  assert_running m other-wants
}

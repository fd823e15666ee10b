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

# predicts NAME UNIT "UNIT...": the status names what systemd would stop along
predicts() {
  [[ $(status "$1" "[.units[] | select(.name == \"$2.service\") | .pulls_down[]] | sort | join(\" \")") == "$3" ]]
}

# Requires=, BindsTo= and PartOf= an allowed unit: systemd takes them down with it, the status says so beforehand, and the
# entry afterwards. Wants= and After= do not.
scenario_what_goes_down_with_it() {
  local since unit
  prepare m
  beating m other-requires '[Unit]' Requires=quantum-governor.service
  beating m other-binds '[Unit]' BindsTo=quantum-governor.service After=quantum-governor.service
  beating m other-part '[Unit]' PartOf=quantum-governor.service
  beating m other-wants '[Unit]' Wants=quantum-governor.service After=quantum-governor.service
  boot_armed m
  start_platform m
  start_beating m other-requires other-binds other-part other-wants
  assert_soon 5 "it is predicted" predicts m quantum-governor "other-binds.service other-part.service other-requires.service"
  since=$(touch_latch m)
  assert_tripped m "$since"
  assert_eq "$(last_trip m | jq -r '.ess.pulled_down | sort | join(" ")')" \
    "other-binds.service other-part.service other-requires.service" "recorded"
  for unit in other-requires other-binds other-part; do
    assert_soon 5 "$unit goes down with the governor" unit_is m "$unit" ActiveState inactive
    assert_ne "$(unit_property m "$unit" LoadState)" masked "LoadState of $unit"
  done
  assert_running m other-wants
}

# shellcheck shell=bash
# Patterns and templates on the allow-list, and the units that would start an allowed one: powerless, and left alone.

# shellcheck source=tests/system/hard_cases.sh
source "$MACHINE_SOURCE/tests/system/hard_cases.sh"

# instances of a template: those that run are stopped; neither these nor any other starts after that
scenario_template_instances() {
  local since
  prepare m
  service m quantum-strategy@ Type=notify "ExecStart=$BEAT quantum-strategy@%i" Restart=always RestartSec=0
  allow m 'quantum-strategy@*.service' 'category: 0'
  boot_armed m
  start_beating m quantum-strategy@{alpha,beta,gamma}
  since=$(touch_latch m)
  assert_held m "$since" quantum-strategy@{alpha,beta,gamma}
  assert_cannot_start m quantum-strategy@alpha quantum-strategy@new
  machine_run m systemctl daemon-reload
  assert_cannot_start m quantum-strategy@alpha quantum-strategy@new
  assert_fails machine_run m heartbeat --last quantum-strategy@new
  reset_latch m
  start_beating m quantum-strategy@{alpha,new}
}

# a prefix: units that run, one that was never loaded, and one with a trait that the others do not have
scenario_prefix_pattern() {
  local since
  prepare m
  beating m quantum-strat-one
  service m quantum-strat-two Type=notify "ExecStart=$BEAT --ignore-sigterm quantum-strat-two"
  beating m quantum-strat-idle
  beating m quantum-other
  allow m 'quantum-strat-*.service'
  boot_armed m
  start_beating m quantum-strat-one quantum-strat-two quantum-other
  since=$(touch_latch m)
  assert_held m "$since" quantum-strat-one quantum-strat-two
  assert_cannot_start m quantum-strat-one quantum-strat-two quantum-strat-idle
  assert_fails machine_run m heartbeat --last quantum-strat-idle
  assert_running m quantum-other
  reset_latch m
  start_beating m quantum-strat-one quantum-strat-idle
}

# assert_untouched NAME UNIT: neither stopped nor masked.
assert_untouched() {
  assert_eq "$(unit_property "$1" "$2" ActiveState)" active "ActiveState of $2"
  assert_ne "$(unit_property "$1" "$2" LoadState)" masked "LoadState of $2"
}

has_fired() { machine_journal "$1" --output=cat | grep -Eq "$2"; }

# shows NAME REGEX: on the screen of the status, whatever its exit status is
shows() { { machine_run "$1" essctl status || true; } | grep --quiet --extended-regexp "$2"; }

# a timer that fires all the time
scenario_timer() {
  local since
  prepare m
  trading m quantum-odd
  unit_file m quantum-odd.timer '[Timer]' OnCalendar='*:*:*' AccuracySec=1ms
  boot_armed m
  start_beating m quantum-odd
  machine_run m systemctl start quantum-odd.timer
  assert_soon 5 "the status shows the timer" shows m 'trigger +quantum-odd.timer starts quantum-odd.service$'
  since=$(touch_latch m)
  assert_held m "$since" quantum-odd
  assert shows m 'trigger +quantum-odd.timer starts quantum-odd.service: powerless while tripped$'
  assert_ne "$(unit_property m quantum-odd.timer LoadState)" masked "LoadState of the timer"
  # It fires at the next second, and systemd has to refuse.
  assert_soon 5 "it has fired" has_fired m 'quantum-odd.timer: Failed to queue unit startup job.*masked|quantum-odd.timer: .*resources'
  assert_stays 1200 "down" is_dead m quantum-odd
  assert_silent_since m "$since" quantum-odd
}

# a socket: it still takes connections, and starts nobody for them
scenario_socket() {
  local since
  prepare m
  trading m quantum-odd
  unit_file m quantum-odd.socket '[Socket]' ListenFIFO=/run/odd.pipe
  boot_armed m
  machine_run m systemctl start quantum-odd.socket
  machine_run m sh -c 'echo hello >/run/odd.pipe'
  assert_soon 5 "the socket starts its service" has_begun m quantum-odd
  since=$(touch_latch m)
  assert_state m tripped
  assert_silent_since m "$since" quantum-odd
  machine_run m timeout 1 sh -c 'echo hello >/run/odd.pipe' || true
  assert_stays 500 "down" is_dead m quantum-odd
  assert_silent_since m "$since" quantum-odd
  assert_masked m quantum-odd
  assert_ne "$(unit_property m quantum-odd.socket LoadState)" masked "LoadState of the socket"
}

# a path: what it waits for comes, and nothing starts
scenario_path() {
  local since
  prepare m
  trading m quantum-odd
  unit_file m quantum-odd.path '[Path]' PathExists=/run/orders
  boot_armed m
  machine_run m systemctl start quantum-odd.path
  start_beating m quantum-odd
  since=$(touch_latch m)
  assert_held m "$since" quantum-odd
  assert_untouched m quantum-odd.path
  machine_run m touch /run/orders
  assert_stays 700 "down" is_dead m quantum-odd
  assert_silent_since m "$since" quantum-odd
}

# a unit that is not on the list wants and requires allowed ones: it may start, they do not
scenario_other_units() {
  local since
  prepare m
  trading m quantum-odd
  unit_file m wanting.service '[Unit]' Wants=quantum-odd.service '[Service]' "ExecStart=$BEAT wanting"
  unit_file m requiring.service '[Unit]' Requires=quantum-odd.service '[Service]' "ExecStart=$BEAT requiring"
  boot_armed m
  start_beating m quantum-odd
  since=$(touch_latch m)
  assert_held m "$since" quantum-odd
  start_beating m wanting
  assert_fails machine_run m systemctl start requiring
  assert_stays 300 "down" is_dead m quantum-odd
  assert_silent_since m "$since" quantum-odd
}

# shellcheck shell=bash
# What people get wrong: a wrong configuration does not run and says all that is wrong with it; a wrong latch trips.

CONFIG=/etc/quantum/ess.yaml

# configured NAME: a machine with essd that starts well, to be spoilt
configured() {
  needs_essd
  machine_start "$1" || fail "no machine"
  assert_state "$1" armed
}

# assert_refused NAME PATTERN...: of the configuration there: essd does not start, ends with 78 (EX_CONFIG), and says
# each PATTERN, in the journal as in essctl check-config.
assert_refused() {
  local name=$1 pattern said journal cursor
  shift
  cursor=$(machine_journal "$name" --lines=0 --show-cursor | sed -n 's/^-- cursor: //p')
  machine_run "$name" systemctl stop essd.socket essd.service
  machine_run "$name" systemctl reset-failed essd.service essd.socket || true
  assert_fails machine_run "$name" systemctl start essd.service
  assert_eq "$(unit_property "$name" essd ExecMainStatus)" 78 "exit status of essd"
  assert_soon 3 "essd stays down" unit_is "$name" essd ActiveState failed
  said=$(machine_run "$name" essctl check-config 2>&1) && fail "check-config takes it for right: $said"
  journal=$(machine_journal "$name" --after-cursor="$cursor" --output=cat)
  for pattern; do
    assert_match "$said" "$pattern" "essctl check-config"
    assert_match "$journal" "$pattern" "the journal"
  done
}

# a good one again: essd comes up as if nothing had been
assert_accepted() {
  machine_copy_in "$1" "$MACHINE_SOURCE/tests/system/units/ess.yaml" "$CONFIG"
  assert_status 0 machine_run "$1" essctl check-config
  machine_run "$1" systemctl reset-failed essd.service || true
  assert machine_run "$1" systemctl start essd.service
  assert_state "$1" armed
}

# an unknown key, with the one that was meant
scenario_unknown_key() {
  configured m
  machine_write m "$CONFIG" <<<$'units:\n  - quantum-governor\nlatchh:\n  path: /run/quantum/ESS_ON'
  assert_refused m "$CONFIG:3:1: .*latchh" 'latch"?\?'
  assert_accepted m
}

# a key that is there twice
scenario_duplicate_key() {
  configured m
  machine_write m "$CONFIG" <<<$'units:\n  - quantum-governor\ninterlock: none\ninterlock: start'
  assert_refused m "$CONFIG:4:1: .*interlock"
}

# values of the wrong type
scenario_wrong_type() {
  configured m
  machine_write m "$CONFIG" <<<$'units: quantum-governor'
  assert_refused m "$CONFIG:1:[0-9]+: .*units"
  machine_write m "$CONFIG" <<<$'units:\n  - quantum-governor\nstop: {budget: soon}'
  assert_refused m "$CONFIG:3:[0-9]+: .*budget"
}

# a protected unit on the allow-list: one of the built-in list, and one of the operators' own
scenario_protected_unit() {
  configured m
  machine_write m "$CONFIG" <<<$'units:\n  - quantum-governor\n  - dbus\n  - my-monitor\nprotected: [my-monitor]'
  assert_refused m "$CONFIG:3:5: .*dbus" "$CONFIG:4:5: .*my-monitor"
}

# an allow-list with nothing on it, and none at all
scenario_empty_allow_list() {
  configured m
  machine_write m "$CONFIG" <<<'units: []'
  assert_refused m "$CONFIG:1:[0-9]+: .*units"
  machine_write m "$CONFIG" <<<'interlock: start'
  assert_refused m "$CONFIG:.*units"
}

# a file that cannot be read, and none
scenario_unreadable_file() {
  configured m
  machine_run m rm "$CONFIG"
  assert_refused m "$CONFIG: .*"
  machine_run m mkdir "$CONFIG"
  assert_refused m "$CONFIG: .*"
}

# not YAML at all: the place where it ends to be
scenario_not_yaml() {
  configured m
  machine_write m "$CONFIG" <<<$'units:\n  - quantum-governor\n\t- quantum-vendor'
  assert_refused m "$CONFIG:3:[0-9]+: "
}

# all that is wrong is said at once, in the main file and in the drop-ins
scenario_all_faults_at_once() {
  configured m
  machine_write m "$CONFIG" <<<$'units:\n  - quantum-governor\n  - sshd\nstop: {budget: 3h}\ncolour: red'
  machine_write m /etc/quantum/ess.d/50-more.yaml <<<$'units:\n  - "not a unit"\nreset: {four_eyes: maybe}'
  assert_refused m "$CONFIG:3:5: .*sshd" "$CONFIG:4:[0-9]+: " "$CONFIG:5:1: .*colour" \
    '/etc/quantum/ess.d/50-more.yaml:2:5: ' '/etc/quantum/ess.d/50-more.yaml:3:[0-9]+: .*four_eyes'
}

# a latch of 1 MiB of binary is a trip; the reason is cleaned and short
scenario_latch_of_binary() {
  local since reason
  start_armed m
  machine_run m sh -c 'head -c 1048576 /dev/urandom >/run/latch.new'
  since=$(monotonic_ns m)
  machine_run m mv /run/latch.new "$LATCH"
  assert_tripped m "$since"
  reason=$(status m .latch.reason)
  assert_below "${#reason}" 4097 "length of the reason"
  assert_eq "$(tr -d '[:print:]\n\200-\377' <<<"$reason" | wc -c)" 0 "control characters in the reason"
  assert_soon 5 "the trip is recorded" trip_is_recorded m
  assert_eq "$(ledger_lines m | jq -e -c . | wc -l)" "$(ledger_lines m | wc -l)" "lines that are JSON"
  reset_latch m
}

trip_is_recorded() { ledger_lines "$1" | jq -e -s 'any(.[]; .kind == "trip")' >/dev/null; }

# a latch of control characters: what a terminal would obey never reaches one
scenario_latch_of_control_characters() {
  local since said
  start_armed m
  machine_run m sh -c 'printf "\033[2J\033]0;owned\007 line one\nline two\r\0 end" >/run/latch.new'
  since=$(monotonic_ns m)
  machine_run m mv /run/latch.new "$LATCH"
  assert_tripped m "$since"
  said=$(machine_run m essctl status || true)
  assert_eq "$(tr -d '[:print:]\n\200-\377' <<<"$said" | wc -c)" 0 "control characters in essctl status"
  assert_match "$(status m .latch.reason)" 'line one' reason
}

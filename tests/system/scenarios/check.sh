# shellcheck shell=bash
# essctl check: what is found on a real systemd before there is an emergency, and that the remedy it names is one.

# shellcheck source=tests/system/hard_cases.sh
source "$MACHINE_SOURCE/tests/system/hard_cases.sh"

# prepare_good NAME: a host that has nothing wrong with it: an operator, the trading configuration, a clock that is right.
prepare_good() {
  local root file
  prepare "$1"
  root=$(machine_root "$1")
  for file in policy signals universe; do echo "test: $file" >"$root/etc/quantum/$file.yaml"; done
  unit_file "$1" clock-is-right.service '[Unit]' DefaultDependencies=no '[Service]' Type=oneshot RemainAfterExit=yes \
    'ExecStart=/bin/sh -c "mkdir -p /run/systemd/timesync && touch /run/systemd/timesync/synchronized"' \
    '[Install]' WantedBy=sysinit.target
  systemctl --root="$root" --quiet enable clock-is-right.service
}

boot_good() {
  prepare_good "$1"
  boot_armed "$1"
  assert machine_run "$1" useradd --groups quantum-ess alice
}

# look NAME: a check, for the claims below. Its exit status is the check's own.
look() {
  local status=0
  machine_run "$1" essctl check --json >"$MACHINES/check" || status=$?
  return "$status"
}
# seen FILTER: of the last look.
seen() { jq --raw-output "$1" "$MACHINES/check"; }

# found SEVERITY CODE SUBJECT, in the last look
found() { [[ $(seen "any(.findings[]; .severity == \"$1\" and .code == \"$2\" and .subject == \"$3\")") == true ]]; }
assert_found() { found "$@" || fail "no $1 $2 about $3: $(seen '.findings | tojson')"; }

# finds_nothing_of NAME CODE: by a new look
finds_nothing_of() {
  look "$1" || true
  [[ $(seen "any(.findings[]; .code == \"$2\")") == false ]]
}
assert_gone() { wait_until 20 finds_nothing_of "$1" "$2" || fail "there still is $2: $(seen '.findings | tojson')"; }

# assert_finds NAME SEVERITY CODE SUBJECT: by a new look
assert_finds() {
  look "$1" || true
  assert_found "${@:2}"
}

# Neither error nor warning; but a machine in a container that may not lower its OOM score is found out.
is_good() {
  local excused=none
  if ! machine_run "$1" sh -c 'echo -1000 >/proc/self/oom_score_adj' 2>/dev/null; then excused=essd-settings; fi
  look "$1" || true
  [[ $(seen ".ok and all(.findings[]; .severity == \"note\" or .code == \"$excused\")") == true ]]
}
assert_good() { wait_until 20 is_good "$1" || fail "something is found: $(seen '.findings | tojson')"; }

# remedy CODE: what the last look said to do.
remedy() { seen "first(.findings[] | select(.code == \"$1\") | .remedy)"; }

# assert_remedied NAME CODE: the remedy of the last look is a command, and the finding is gone after it.
assert_remedied() {
  local command
  command=$(remedy "$2")
  assert_ne "$command" "" "remedy of $2"
  machine_run "$1" sh -c "$command" >/dev/null || fail "the remedy of $2 fails: $command"
  assert_gone "$1" "$2"
}

# a good host: exit 0, no error, no warning; the same for a stranger; and in a pipe no escapes, no more than 80 columns
scenario_a_good_host() {
  local text
  boot_good m
  start_platform m
  assert_good m
  # quantum-execution is deaf to SIGTERM, and systemd would wait for 90 s.
  assert_found note ignores-stop-signal quantum-execution.service
  assert_eq "$(seen '.units[] | select(.name == "quantum-execution.service") | .timeout_stop_ms')" 90000 "TimeoutStopSec="
  assert_eq "$(seen .looked_by)" essd "who looked"
  assert_eq "$(seen '.units | length')" 5 units
  assert_eq "$(seen '[.units[] | select(.guarded)] | length')" 5 "guarded units"
  text=$(machine_run m essctl check) || fail "exit status $?: $text"
  echo "$text"
  assert_match "$text" '^THE STOP WOULD WORK  5 units' "the first line"
  assert_no_match "$text" $'\033' "escapes"
  assert_eq "$(awk 'length > 80' <<<"$text")" "" "lines of more than 80 columns"
  machine_run m useradd stranger
  assert machine_run m setpriv --reuid=stranger --clear-groups essctl check
}

# the guard's files: taken away, made from another configuration
scenario_guard_files() {
  local early=/run/systemd/generator.early/quantum-governor.service.d/zz-quantum-ess-guard.conf
  boot_good m
  machine_run m rm "$early"
  assert_status 1 machine_run m essctl check
  assert_finds m error guard-missing quantum-governor.service
  assert_remedied m guard-missing
  machine_run m sh -c "echo '# other' >>$early"
  assert_finds m error guard-stale quantum-governor.service
  assert_remedied m guard-stale
  assert_good m
}

# the guard undone by another drop-in, once systemd has read that
scenario_guard_undone() {
  boot_good m
  start_platform m
  machine_write m /etc/systemd/system/quantum-governor.service.d/zzz.conf <<<$'[Service]\nExecCondition='
  assert_finds m warning daemon-reload-needed quantum-governor.service
  assert_remedied m daemon-reload-needed
  assert_found error guard-not-loaded quantum-governor.service
  assert_match "$(remedy guard-not-loaded)" 'quantum-governor.service.d/zzz.conf' "remedy"
  machine_run m sh -c 'rm /etc/systemd/system/quantum-governor.service.d/zzz.conf && systemctl daemon-reload'
  assert_good m
}

# the generator: overridden, not executable
scenario_the_generator() {
  boot_good m
  machine_run m sh -c 'mkdir -p /etc/systemd/system-generators && ln -s /dev/null /etc/systemd/system-generators/quantum-ess-generator'
  assert_finds m error generator /etc/systemd/system-generators/quantum-ess-generator
  assert_remedied m generator
  machine_run m chmod 644 /usr/lib/systemd/system-generators/quantum-ess-generator
  assert_finds m error generator /usr/lib/systemd/system-generators/quantum-ess-generator
  assert_remedied m generator
  assert_good m
}

# units: missing, broken, patterns, what is pulled down through others, what starts them, orders, jails, ways to end
scenario_units() {
  prepare_good m
  # So that they start beside others that essd is not ready with.
  configure m 90-open 'interlock: none'
  unit_file m quantum-odd.timer '[Timer]' OnActiveSec=1d
  trading m quantum-odd ExecStop=/bin/true KillMode=process
  unit_file m quantum-broken.service '[Service]' User=nobody
  allow m quantum-broken
  allow m quantum-missing
  allow m 'quantum-none@*.service'
  service m quantum-strategy@ Type=notify "ExecStart=$BEAT quantum-strategy@%i"
  allow m 'quantum-strategy@*.service'
  trading m quantum-jailed RootDirectory=/srv/jail
  trading m quantum-ordered '[Unit]' Before=essd.service
  beating m other-requires '[Unit]' Requires=quantum-odd.service
  beating m other-part '[Unit]' PartOf=other-requires.service
  beating m other-wants '[Unit]' Wants=quantum-odd.service
  machine_install m
  machine_boot m || fail "no machine"
  # What wants or requires another is known for it once it is loaded.
  machine_run m systemctl start quantum-odd.timer quantum-strategy@alpha other-part other-requires other-wants
  assert_finds m warning unit-missing quantum-missing.service
  assert_found error unit-broken quantum-broken.service
  assert_found warning pattern-empty 'quantum-none@*.service'
  assert_eq "$(seen '.units[] | select(.rule == "quantum-strategy@*.service") | .name')" quantum-strategy@alpha.service instance
  assert_found error unit-jailed quantum-jailed.service
  assert_found error ordered-against-essd quantum-ordered.service
  assert_found warning pulls-down quantum-odd.service
  assert_eq "$(seen '.units[] | select(.name == "quantum-odd.service") | .pulls_down | join(" ")')" \
    "other-part.service other-requires.service" "what it would pull down"
  assert_match "$(seen '.findings[] | select(.code == "started-by") | .text')" 'other-wants.service, quantum-odd.timer' starters
  assert_found note stop-command-cut-off quantum-odd.service
  assert_found note leaves-processes quantum-odd.service
}

# essd down, not enabled, without its socket and its second eye
scenario_essd_is_down() {
  boot_good m
  machine_run m systemctl disable --now quantum-ess.path
  machine_run m systemctl disable essd.service
  assert_finds m warning path-off quantum-ess.path
  assert_found warning essd-not-enabled essd.service
  assert_remedied m essd-not-enabled
  assert_remedied m path-off
  machine_run m systemctl stop essd.service essd.socket
  assert_status 4 machine_run m essctl check
  assert_finds m error essd-down essd.service
  assert_found warning socket-off essd.socket
  assert_eq "$(seen .looked_by)" essctl "who looked"
  assert_eq "$(seen '[.units[] | select(.guarded)] | length')" 5 "guarded units, seen without essd"
  assert_remedied m socket-off
  machine_run m systemctl start essd.service
  assert_state m armed
  assert_good m
}

# another configuration than essd runs with, and a wrong one
scenario_the_configuration() {
  boot_good m
  machine_write m /etc/quantum/ess.d/90-more.yaml <<<$'units: [quantum-more]'
  assert_finds m error config-stale /etc/quantum/ess.yaml
  assert_found error guard-missing quantum-more.service
  assert_remedied m config-stale
  assert_gone m guard-missing
  machine_write m /etc/quantum/ess.d/90-more.yaml <<<$'unitz: []'
  assert_finds m error config-invalid /etc/quantum/ess.yaml
  machine_run m sh -c 'rm /etc/quantum/ess.d/90-more.yaml /etc/quantum/signals.yaml && systemctl daemon-reload && systemctl restart essd'
  assert_finds m warning config-file-unreadable /etc/quantum/signals.yaml
}

# essd without what its unit is shipped with
scenario_essd_settings() {
  local lost
  boot_good m
  machine_write m /etc/systemd/system/essd.service.d/slow.conf <<<$'[Service]\nCPUSchedulingPolicy=other\nWatchdogSec=0\nRestart=no'
  machine_run m sh -c 'systemctl daemon-reload && systemctl restart essd'
  assert_finds m warning essd-settings essd.service
  lost=$(seen '.findings[] | select(.code == "essd-settings") | .text')
  assert_match "$lost" 'CPUSchedulingPolicy=fifo.*WatchdogSec=5s, Restart=always' "what is lost"
  machine_run m sh -c 'rm /etc/systemd/system/essd.service.d/slow.conf && systemctl daemon-reload && systemctl restart essd'
  assert_good m
}

# essd hangs: the check is made without it
scenario_essd_hangs() {
  boot_good m
  # Its watchdog would end it, and the next one answer who has waited.
  machine_write m /etc/systemd/system/essd.service.d/patient.conf <<<$'[Service]\nWatchdogSec=0'
  machine_run m sh -c 'systemctl daemon-reload && systemctl restart essd'
  machine_run m kill -STOP "$(unit_pid m essd.service)"
  assert_finds m error essd-silent essd.service
  assert_eq "$(seen '.units | length')" 5 units
}

# the bus is gone, and comes back
scenario_the_bus_is_gone() {
  boot_good m
  machine_run m systemctl stop dbus.socket dbus.service
  assert_finds m error systemd-silent systemd
  assert_status 1 machine_run m essctl check
  machine_run m systemctl start dbus.socket
  assert_gone m systemd-silent
}

# the latch's directory, the operators' group, and what is said while tripped
scenario_the_latch() {
  boot_good m
  machine_run m chmod 777 /run/quantum
  assert_finds m warning latch-directory-mode /run/quantum
  assert_remedied m latch-directory-mode
  machine_run m chown nobody /run/quantum
  machine_run m gpasswd --delete alice quantum-ess
  assert_finds m error latch-directory /run/quantum
  assert_found note no-operators quantum-ess
  assert_remedied m latch-directory
  start_platform m
  machine_run m touch "$LATCH"
  assert_state m tripped
  assert_good m
  assert_found note tripped "$LATCH"
  assert_match "$(machine_run m essctl check)" '^THE STOP IS IN FORCE' "the first line"
  reset_latch m
  assert_gone m tripped
}

# the ledger's disk has no room, or is read-only
scenario_the_ledger() {
  prepare_good m
  boot_armed m --tmpfs="$STATE:size=80M,mode=755"
  machine_run m dd if=/dev/zero of="$STATE/filler" bs=1M count=40 status=none
  assert_finds m warning disk-low "$STATE/ledger"
  machine_run m rm "$STATE/filler"
  assert_gone m disk-low
  machine_run m systemctl stop essd.service essd.socket
  machine_run m mount -o remount,ro "$STATE"
  assert_finds m error ledger-unwritable "$STATE/ledger"
  assert_found error essd-down essd.service
}

# many units, checked over and over by several at once: the stop does not wait for that, and no answer is half of one
scenario_under_a_trip() {
  local since ms before
  prepare_good m
  service m quantum-good@ Type=notify "ExecStart=$BEAT quantum-good@%i"
  allow m 'quantum-good@*.service' 'category: 0'
  boot_armed m
  machine_run m systemctl start quantum-good@{1..100}
  before=$(now_ms)
  look m || true
  echo "a check of $(seen '.units | length') units took $(($(now_ms) - before)) ms"
  assert_eq "$(seen '[.units[] | select(.guarded)] | length')" 105 "guarded units"
  # shellcheck disable=SC2016  # expanded by the machine's shell
  machine_run m systemd-run --quiet --unit=checking sh -c \
    'for i in 1 2 3 4; do while :; do essctl check --json >/run/asked.$i || echo $? >>/run/failed
      mv /run/asked.$i /run/check.$i; done & done; wait'
  # Whole ones: each goes where it is looked for when it is complete.
  assert_soon 20 "checks are answered" machine_run m grep -q looked_by /run/check.1
  since=$(touch_latch m)
  assert_state m tripped
  ms=$(assert_silent_since m "$since" quantum-good@{1,50,100})
  echo "$ms"
  machine_run m systemctl stop checking
  # 5: a stop is under way.
  assert_eq "$(machine_run m sh -c 'grep -v 5 /run/failed' || true)" "" "exit codes of checks"
}

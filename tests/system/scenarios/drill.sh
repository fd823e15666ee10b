# shellcheck shell=bash
# The drill: the stop exercised on the canary, while trading goes on; what it finds, and what it can never do.
# tests/system/drill does thousands of rounds.

# shellcheck source=tests/system/hard_cases.sh
source "$MACHINE_SOURCE/tests/system/hard_cases.sh"

CANARY=quantum-ess-canary.service
DRILL_LATCH=$LATCH.drill
BEAT_FILE=/run/quantum-ess-canary/beat

# drill NAME [OPTION...]: its result, for the claims below. Its exit status is the drill's own; what it said is in $MACHINES/said.
drill() {
  local status=0
  machine_run "$1" essctl drill --json "${@:2}" >"$MACHINES/drill" 2>"$MACHINES/said" || status=$?
  return "$status"
}
# shown FILTER: of the last drill
shown() { jq --raw-output "$1" "$MACHINES/drill"; }
said() { cat "$MACHINES/said"; }

# assert_drill STATUS NAME [OPTION...]
assert_drill() {
  local want=$1 status=0
  shift
  drill "$@" || status=$?
  ((status == want)) || fail "the drill ends with $status, wanted $want: $(said) $(cat "$MACHINES/drill")"
}

# assert_fails_at PHASE PATTERN: each failed round of the last drill
assert_fails_at() {
  assert_eq "$(shown .outcome)" PARTIAL outcome
  assert_eq "$(shown '[.failed[].phase] | unique | join(" ")')" "$1" "where it failed ($(shown '.failed[0].why'))"
  assert_match "$(shown '.failed[0].why')" "$2" "why it failed"
}

last_drill() { entries "$1" drill | tail -n 1; }

canary_is_gone() {
  is_dead "$1" quantum-ess-canary && machine_run "$1" test ! -e "$DRILL_LATCH" &&
    unit_is "$1" "$CANARY" LoadState loaded
}

# whole NAME: what a drill must not touch, as one text: the trading units' processes, the guard, the real latch.
whole() {
  local unit
  for unit in "${TRADING[@]}" "$MONITORING"; do unit_property "$1" "$unit.service" MainPID,LoadState,NRestarts; done
  machine_run "$1" sh -c "stat -c '%n %i %Y' /run/quantum-ess/armed /run/systemd/generator*/*.d; find /run/quantum"
}

# a good drill of 100 rounds: exit 0, all phases told, in the ledger and the status, which know it after a restart; trading is as it was
scenario_a_good_one() {
  local before entry metric
  start_armed m
  before=$(whole m)
  # A round takes some tens of milliseconds.
  MACHINE_RUN_SECONDS=$((50 + ${ESS_DRILL_ROUNDS:-100} / 2)) assert_drill 0 m --rounds "${ESS_DRILL_ROUNDS:-100}"
  shown '"\(.rounds) rounds, \(.failures) failed; p50 \(.p50_ms) p95 \(.p95_ms) p99 \(.p99_ms) max \(.max_ms) ms; at most \(.failure_bound_95) fail"'
  assert_eq "$(shown .rounds)" "${ESS_DRILL_ROUNDS:-100}" rounds
  assert_eq "$(shown .failures)" 0 failures
  assert_eq "$(shown '.max_ms <= 2000 and .p50_ms <= .p95_ms and .p95_ms <= .p99_ms and .p99_ms <= .max_ms')" true "$(cat "$MACHINES/drill")"
  assert_eq "$(shown '[.phases[] | select(.name != "killed") | .rounds] | unique | join(" ")')" "$(shown .rounds)" "rounds of each phase"
  assert_eq "$(shown '[.categories[].name] | join(" ")')" "0 1" categories
  assert_running m "${TRADING[@]}" "$MONITORING"
  assert_eq "$(whole m)" "$before" "trading and the guard"
  assert_state m armed
  assert canary_is_gone m

  entry=$(last_drill m)
  assert_eq "$(jq -r .entry.operation_id <<<"$entry")" "$(shown .operation_id)" "the entry"
  assert_eq "$(jq -r .entry.outcome <<<"$entry")" SUCCESS outcome
  assert_eq "$(entries m drill | wc -l)" 1 "entries"
  assert_eq "$(status m '.last_drill | "\(.rounds) \(.outcome) \(.max_ms)"')" "$(shown '"\(.rounds) SUCCESS \(.max_ms)"')" "the status"
  for metric in success rounds max_seconds timestamp_seconds; do
    assert_match "$(machine_run m essctl metrics)" "quantum_ess_last_drill_$metric [0-9.]+" "the metrics"
  done
  machine_run m systemctl restart essd
  assert_state m armed
  assert_eq "$(status m .last_drill.rounds)" "$(shown .rounds)" "the status after a restart of essd"
  assert_chained m
}

# a canary without a drill is ended: its start may be under way in the moment in which a drill gives way to a trip
scenario_canary_alone() {
  start_armed m
  machine_run m systemctl start "$CANARY" || true
  assert_match "$(machine_journal m --unit "$CANARY")" "Start(ing|ed)" "journal of the canary"
  assert_soon 5 "the canary is gone" is_dead m quantum-ess-canary
  assert_state m armed
}

# a trip in the middle, at three moments: it wins at once, and both are on record
scenario_a_trip_in_the_middle() {
  local since round running status
  start_armed m
  for round in 1 2 3; do
    drill m --rounds 10000 &
    running=$!
    # Looked at from inside, without a pause: a canary lives for a tenth of a second.
    assert machine_run m timeout 10 sh -c "until test -s $BEAT_FILE; do :; done"
    since=$(touch_latch m)
    assert_tripped m "$since"
    status=0
    wait "$running" || status=$?
    assert_eq "$status" 3 "exit status of the drill"
    assert_soon 5 "the trip is recorded" has_trips m "$round"
    assert_eq "$(last_trip m | jq -r '.entry.outcome, .ess.resumed')" $'SUCCESS\nfalse' "the trip"
    assert_eq "$(last_drill m | jq -r '.entry.outcome, .ess.tripped, .ess.failures')" $'PARTIAL\ntrue\n0' "the drill"
    assert_soon 5 "the canary is gone" is_dead m quantum-ess-canary
    assert_eq "$(status m .last_drill)" null "a drill that showed nothing"
    assert_status 3 machine_run m essctl drill
    reset_latch m
    assert machine_run m systemctl start "${TRADING[@]}"
  done
  assert_drill 0 m --rounds 4
}

# --- sabotage: a drill that goes wrong says where ---------------------------------------------------------------------

# drop_in NAME UNIT LINE...: before the boot, into [Service]
drop_in() {
  local directory
  directory=$(machine_root "$1")/etc/systemd/system/$2.d
  mkdir -p "$directory"
  printf '%s\n' '[Service]' "${@:3}" >"$directory/sabotage.conf"
}

# assert_known_as_failed NAME: in the status, to a check, and after a good drill not any more
has_drills() { [[ $(entries "$1" drill | wc -l) == "$2" ]]; }
has_drill_fault() { has_fault "$1" drill-failed; }
has_no_drill_fault() { ! has_fault "$1" drill-failed; }
assert_known_as_failed() {
  assert_soon 5 "the status says so" has_drill_fault "$1"
  assert_eq "$(status "$1" .ready)" true "ready: a warning takes nothing away"
  assert_match "$(machine_run "$1" essctl check 2>&1 || true)" 'the drill of .* failed' "the check"
  assert_eq "$(last_drill "$1" | jq -r .entry.outcome)" PARTIAL "the entry"
}

# the guard is taken away: there is no drill, and both it and the check say why
scenario_guard_removed() {
  start_armed m
  machine_run m sh -c 'rm -r /run/systemd/generator.early/*.d'
  assert_drill 4 m
  assert_match "$(said)" 'not ready: .*guard' "what the drill says"
  assert_match "$(machine_run m essctl check 2>&1 || true)" 'guard-missing' "what the check says"
  machine_run m systemctl daemon-reload
  assert_state m armed
  assert_drill 0 m --rounds 2
}

# essd is blind to what appears in the latch's directory: it fails at 'seen', although the slow look still finds a latch
scenario_watch_broken() {
  local since library=/usr/local/lib/libblind_inotify.so
  prepare m
  install -D -m 755 "$MACHINE_BINARIES/tests/libblind_inotify.so" "$(machine_root m)$library"
  drop_in m essd.service "Environment=LD_PRELOAD=$library"
  boot_armed m
  start_platform m
  assert_drill 1 m --rounds 10
  assert_fails_at seen 'the latch was not seen within 2s'
  assert_eq "$(shown '"\(.rounds) \(.ended)"')" "3 too many failures" "rounds, and why it ended"
  assert_known_as_failed m
  since=$(touch_latch m)
  assert_tripped m "$since"
}

# the canary has a process that cannot be killed: it fails at 'empty', and a trip is as ever
# timeout: 120
scenario_canary_undying() {
  local since
  prepare m
  disk_make disk
  drop_in m "$CANARY" 'ExecStartPost=+/bin/sh -c "echo >>/srv/data/x"'
  boot_armed m "--bind=$MACHINES/disk:/srv/data"
  start_platform m
  assert_drill 0 m --rounds 2
  disk_freeze
  assert_drill 1 m --rounds 10
  assert_fails_at empty 'the canary still has a process'
  assert_match "$(shown .ended)" 'cannot be released: .*still has a process' "why it ended"
  assert_known_as_failed m
  assert_drill 1 m --rounds 1
  since=$(touch_latch m)
  assert_tripped m "$since"
  assert_entry m 1 SUCCESS "${TRADING[@]}"
  disk_thaw
  reset_latch m
  assert_soon 5 "the canary is gone" is_dead m quantum-ess-canary
  assert_drill 0 m --rounds 2
}

# the ledger's file system turns read-only: the drill is not on record, and says so; the next one does not begin
scenario_ledger_unwritable() {
  prepare m
  disk_make disk
  disk_make disk-spare
  boot_armed m "--bind=$MACHINES/disk:$STATE" "--bind=$MACHINES/disk-spare:/srv/spare"
  mount -o remount,abort "$MACHINES/disk" || fail "the file system does not turn read-only"
  assert_drill 1 m --rounds 2
  assert_match "$(said)" 'not on record yet: the ledger cannot be written' "what the drill says"
  assert_eq "$(shown '.operation_id + .outcome')" SUCCESS "its entry, and its rounds"
  assert_state m not-ready
  assert_drill 4 m --rounds 2
  assert_match "$(said)" 'not ready: .*ledger' "what the next drill says"
  assert_match "$(machine_run m essctl check 2>&1 || true)" 'ledger-unwritable|the ledger cannot be written' "the check"
  machine_run m mount --bind /srv/spare "$STATE"
  assert_soon 10 "the first is on record" has_drills m 1
}

# essd does not run for 3 s in the middle of a round: the canary is gone too late
scenario_engine_delayed() {
  prepare m
  # Time to be hit: in category 1 the canary takes half a second to end.
  drop_in m "$CANARY" 'ExecStop=/bin/sleep 0.5'
  program m delay-essd <<'EOF'
#!/bin/sh
for time in 1 2; do
  until [ "$(systemctl show --property=SubState --value quantum-ess-canary.service)" = stop ]; do :; done
  systemctl kill --kill-whom=main --signal=STOP essd.service
  sleep 3
  systemctl kill --kill-whom=main --signal=CONT essd.service
done
EOF
  boot_armed m
  machine_run m systemd-run --quiet --collect delay-essd
  assert_drill 1 m --rounds 4
  assert_eq "$(shown 'any(.failed[]; .phase == "empty" and (.why | test("gone after [23][0-9]{3}.[0-9] ms, over the budget")))')" true "$(shown .failed)"
  assert_known_as_failed m
  assert_drill 0 m --rounds 2
}

# --- on the real units ------------------------------------------------------------------------------------------------

# assert_on_record NAME TRIPS RESETS STARTS
assert_on_record() {
  local found
  found=$(for kind in trip reset start; do entries "$1" "$kind" | wc -l; done | paste -sd ' ')
  assert_eq "$found" "$2 $3 $4" "trips, resets and starts in the ledger"
}

# --live: stopped, released and started again, all of it in the ledger; not without a question that is answered
scenario_live() {
  local before unit
  start_armed m
  assert_status 2 machine_run m essctl drill --live
  assert_state m armed
  assert_on_record m 0 0 0
  before=$(unit_pid m "$MONITORING")
  MACHINE_RUN_SECONDS=50 assert_drill 0 m --live --yes
  assert_eq "$(shown '"\(.live) \(.outcome) \(.rounds) \(.failures)"')" "true SUCCESS 1 0" "the result"
  assert_eq "$(shown '[.units[].name] | length')" "${#TRADING[@]}" "units"
  assert_eq "$(shown '.max_ms > 0 and .max_ms < 2000 and .max_ms == ([.units[].max_ms] | max)')" true "times: $(shown .)"
  assert_eq "$(shown .operation_id)" "$(last_trip m | jq -r .entry.operation_id)" "its trip"
  assert_state m armed
  assert_running m "${TRADING[@]}" "$MONITORING"
  assert_eq "$(unit_pid m "$MONITORING")" "$before" "the monitoring"
  assert_on_record m 1 1 1
}

# --live, and somebody else demands the stop meanwhile, in each way that there is: it is not released
scenario_live_and_a_real_demand() {
  local running status demand
  start_armed m
  machine_run m useradd --groups quantum-ess alice
  for demand in "touch $LATCH" "setpriv --reuid=alice --init-groups essctl trip --no-wait --reason real" \
    "systemctl start --no-block quantum-ess.service"; do
    echo "$demand"
    MACHINE_RUN_SECONDS=50 drill m --live --yes &
    running=$!
    assert_soon 10 "the latch is set" machine_run m test -e "$LATCH"
    machine_run m sh -c "$demand" >/dev/null
    status=0
    wait "$running" || status=$?
    assert_eq "$status" 3 "exit status ($(cat "$MACHINES/drill"))"
    assert_match "$(shown .ended)" 'somebody demanded the stop meanwhile' "why it ended"
    assert_state m tripped
    assert_stopped m "${TRADING[@]}"
    reset_latch m
    machine_run m systemctl start "${TRADING[@]}"
    assert_running m "${TRADING[@]}"
  done
}

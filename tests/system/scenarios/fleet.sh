# shellcheck shell=bash
# Hosts that stop together: three machines and a cluster of three members, on one switch.

# shellcheck source=tests/system/hard_cases.sh
source "$MACHINE_SOURCE/tests/system/hard_cases.sh"
# shellcheck source=tests/system/fleet.sh
source "$MACHINE_SOURCE/tests/system/fleet.sh"

# essctl makes an id, puts the order, and all three are silent in time; each has one entry, with the same id. What somebody puts
# by hand, without essctl and in no form, trips as well.
# timeout: 300
scenario_together() {
  local since host status=0
  three_hosts
  since=$(monotonic_ns a)
  machine_run a essctl fleet trip --reason "the desk is on fire" || status=$?
  assert_eq "$status" 0 "exit status of essctl fleet trip"
  assert_fleet_tripped "$since" a b c
  for host in a b c; do
    assert_match "$(order_of "$host")" '^FLEET-[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9a-f]{8}$' "the order of $host"
    assert_match "$(last_trip "$host" | jq -r .entry.notes)" "the desk is on fire" "notes of $host"
  done
  assert_status 3 machine_run b essctl fleet status
  release_all
  since=$(monotonic_ns a)
  assert put_order "stop now, all of you"
  FLEET_TRIPS=2 assert_fleet_tripped "$since" a b c
  for host in a b c; do
    assert_match "$(last_trip "$host" | jq -r .entry.notes)" "stop now, all of you" "notes of $host"
  done
}

# A program with a role for tripping alone, while trading on a host wants the processors for itself. On one host of the three,
# and before the cluster and the program, which have processors of their own in life, it does not come.
# timeout: 300
scenario_busy_host() {
  local since host
  fleet_begin
  fleet_user risk bot
  for host in a b c; do
    fleet_prepare "$host"
    trading "$host" busy
  done
  at_once fleet_boot a b c
  machine_run c systemctl start busy
  machine_run c systemd-run --quiet --unit=quantum-busy --slice=system.slice sh -c \
    'for i in 1 2 3 4; do while :; do :; done & done; wait'
  since=$(monotonic_ns a)
  assert before_all_others fleet_etcdctl bot put "$ORDERS/trip" "limit breached" >/dev/null
  assert_fleet_tripped "$since" a b c
}

before_all_others() (
  renice -n -19 "$BASHPID" >/dev/null
  "$@"
)

# A member is killed, another one hangs, a third is cut off, one after the other: each time all trip in time.
# timeout: 300
scenario_members_gone() {
  local follower
  three_hosts
  follower=$(fleet_followers | head -n 1)
  member_kill "$follower"
  trip_and_release "$follower is killed"
  member_start "$follower"
  follower=$(fleet_followers | tail -n 1)
  member_freeze "$follower"
  trip_and_release "$follower hangs"
  member_thaw "$follower"
  assert_soon "$FLEET_UP_SECONDS" "the cluster answers" fleet_answers root
  follower=$(fleet_followers | head -n 1)
  fleet_cut "$follower"
  trip_and_release "$follower is cut off"
}

# The leader dies while an order is put: as soon as a put is taken all trip, in time from before it. An order whose put
# was lost with the leader is put again by essctl.
# timeout: 300
scenario_leader_dies() {
  local since leader
  three_hosts
  leader=$(fleet_leader)
  member_kill "$leader"
  until since=$(monotonic_ns a) && put_quickly "stop"; do :; done
  assert_fleet_tripped "$since" a b c
  release_all
  member_start "$leader"
  leader=$(fleet_leader)
  machine_run b essctl fleet trip --reason "in its last moment" >"$MACHINES/said" 2>&1 &
  # Any moment of the put: etcdctl takes its time to begin.
  sleep "0.$((RANDOM % 4))"
  member_kill "$leader"
  wait $! || fail "essctl fleet trip: $(<"$MACHINES/said")"
  for host in a b c; do assert_state "$host" tripped; done
  assert_same_order 2 a b c
}

# Given up after a second: what the dead leader took with it is answered by nobody.
put_quickly() { fleet_etcdctl alice --command-timeout=1s put "$ORDERS/trip" "$1" >/dev/null 2>&1; }

# A latch in a place where only essd may make it: essd is asked to, and the order's id is on record all the same.
# timeout: 300
scenario_latch_of_root() {
  local since
  fleet_begin
  fleet_prepare a
  configure a 60-latch $'latch:\n  path: /run/elsewhere/ESS_ON'
  echo 'd /run/elsewhere 0755 root root' >"$(machine_root a)/etc/tmpfiles.d/elsewhere.conf"
  fleet_boot a
  since=$(monotonic_ns a)
  assert put_order '{"id":"FLEET-2026-11-26-00000001","reason":"once","requested_by":"alice"}'
  assert_fleet_tripped "$since" a
  assert_eq "$(machine_run a stat -c '%a %U' /run/elsewhere)" '755 root' "the latch's directory"
  assert_eq "$(order_of a)" FLEET-2026-11-26-00000001 "the order"
}

# The same order put again, the programs restarted, a host rebooted: nobody trips again. Another order is another trip.
# timeout: 300
scenario_replays() {
  local order since member
  three_hosts
  order='{"id":"FLEET-2026-11-26-00000001","reason":"once","requested_by":"alice","at":"2026-11-26T12:00:00Z"}'
  since=$(monotonic_ns a)
  assert put_order "$order"
  assert_fleet_tripped "$since" a b c
  assert_eq "$(order_of a)" FLEET-2026-11-26-00000001 "the order"
  release_all
  assert put_order "$order"
  assert_untouched 2000
  machine_run a systemctl restart quantum-ess-fleet
  machine_run b systemctl kill --signal=KILL quantum-ess-fleet
  for member in "${FLEET_MEMBERS[@]}"; do
    member_kill "$member"
    member_start "$member"
    assert_soon "$FLEET_UP_SECONDS" "the cluster answers" fleet_answers root
  done
  machine_cut c
  machine_boot c || fail "no machine"
  assert_state c armed
  start_platform c
  assert_soon 10 "b's service is back" unit_runs b quantum-ess-fleet
  assert put_order "$order"
  assert_untouched 2000
  assert_soon 10 "c is in the fleet" is_present c
  since=$(monotonic_ns a)
  assert put_order "${order/00000001/00000002}"
  for host in a b c; do assert_state "$host" tripped; done
  assert_silent_since a "$since" "${TRADING[@]}"
  assert_same_order 2 a b c
}

# assert_untouched MS: all are armed, and trade
assert_untouched() {
  assert_stays "$1" "all are armed" all_armed
  for host in a b c; do
    assert_running "$host" "${TRADING[@]}"
    assert_eq "$(entries "$host" trip | wc -l)" 1 "trips of $host"
  done
}

all_armed() {
  local host
  for host in a b c; do state_is "$host" armed || return 1; done
}

# A reset that is asked for through the fleet is each host's own: it starts nothing, and where two people are needed it
# waits for the second. The order is released when all hosts were asked.
# timeout: 300
scenario_reset() {
  local since id host
  fleet_begin
  for host in a b c; do fleet_prepare "$host"; done
  configure b 70-eyes $'reset:\n  four_eyes: true'
  at_once fleet_boot a b c
  assert machine_run b useradd --create-home --groups quantum-ess bob
  since=$(monotonic_ns a)
  assert put_order "stop"
  assert_fleet_tripped "$since" a b c
  assert machine_run a essctl fleet reset --reason "c was fine" --host c
  assert_state c armed
  assert_state a tripped
  assert_status 3 machine_run a essctl fleet reset --reason "all clear" --all
  assert_state a armed
  assert_state b tripped
  assert_soon 5 "all units of a are down" all_dead a "${TRADING[@]}"
  id=$(status b .pending_reset.operation_id)
  echo "pending on b: $id"
  assert as b bob essctl approve "$id"
  assert_state b armed
  assert_soon 10 "a reset of alice in the ledger of a" has_resets a 1
  assert_match "$(entries a reset | jq -r .entry.requested_by)" alice "who asked"
}

# A host whose clock is an hour ahead trips with the others, is not taken for lost, and is reset with them.
# timeout: 300
scenario_clocks() {
  local since host
  fleet_begin
  for host in a b c; do fleet_prepare "$host"; done
  an_hour_ahead b essd.service quantum-ess-fleet.service
  at_once fleet_boot a b c
  assert_soon 10 "b's time is an hour ahead" reports_an_hour_ahead b
  since=$(monotonic_ns a)
  assert put_order "stop"
  assert_fleet_tripped "$since" a b c
  assert_soon 10 "b is in the fleet" is_present b
  assert machine_run a essctl fleet reset --reason "all clear" --all
  for host in a b c; do assert_state "$host" armed; done
  assert_eq "$(status b 'any(.faults[]; .code | startswith("fleet"))')" false "faults of b"
}

# an_hour_ahead NAME UNIT...: the time of day; the clock that durations are measured by goes on as it is
an_hour_ahead() {
  local unit directory library=/usr/local/lib/libclock_ahead.so
  install -D -m 755 "$MACHINE_BINARIES/tests/libclock_ahead.so" "$(machine_root "$1")$library"
  for unit in "${@:2}"; do
    directory=$(machine_root "$1")/etc/systemd/system/$unit.d
    mkdir -p "$directory"
    printf '[Service]\nEnvironment=LD_PRELOAD=%s\n' "$library" >"$directory/clock.conf"
  done
}

reports_an_hour_ahead() {
  local at
  at=$(fleet_etcdctl alice get "/quantum-ess/$FLEET/hosts/$1" --print-value-only | jq -r .at)
  (($(date --date="$at" +%s) - $(date +%s) > 3000))
}

# --- hostile clients --------------------------------------------------------------------------------------------------

# Without a certificate, with one of another authority, with one that has no role, with another host's: nobody trips,
# resets, or speaks for a host; and what anybody with a certificate may do to the cluster keeps no order from arriving.
# timeout: 300
scenario_hostile_clients() {
  local since who host
  three_hosts
  fleet_authority other-ca
  fleet_certificate alice stranger other-ca
  fleet_certificate mallory
  fleet_user operator bob
  install -m 600 /dev/null "$(fleet_file pki/nothing.pem)"
  for who in stranger mallory host-b; do
    refused "$who" put "$ORDERS/trip" "stop"
    refused "$who" put "$ORDERS/reset/alice" "{}"
    refused "$who" put "/quantum-ess/$FLEET/hosts/a" "{}"
    refused "$who" del "/quantum-ess/$FLEET/hosts/a"
  done
  for who in mallory host-b; do
    refused "$who" role grant-permission "quantum-ess-$FLEET-host-b" readwrite --prefix /quantum-ess/
  done
  refused mallory get --prefix "$ORDERS/"
  refused bob put "$ORDERS/reset/alice" "in her name"
  refused bob put "/quantum-ess/$FLEET/hosts/a" "in its name"
  assert_fails without_certificate put "$ORDERS/trip" "stop"
  assert_stays 1000 "all are armed" all_armed
  for host in a b c; do assert is_present "$host"; done
  # Anybody with a certificate of the authority may do this: history is gone, and leases are kept (etcd 3.4 and 3.5).
  fleet_etcdctl mallory compact "$(cluster_revision)" >/dev/null || true
  since=$(monotonic_ns a)
  assert put_order "stop"
  assert_fleet_tripped "$since" a b c
  refused host-b put "$ORDERS/reset/host-b" "$(reset_text a)"
  refused mallory put "$ORDERS/reset/mallory" "$(reset_text a)"
  refused host-b del "$ORDERS/trip"
  assert_stays 1000 "a is tripped" state_is a tripped
}

refused() { assert_fails fleet_etcdctl "$@"; }

without_certificate() {
  net_in switch timeout --foreground 10 etcdctl --endpoints="$(fleet_endpoints)" --cacert="$(fleet_file pki/ca.pem)" \
    --dial-timeout=2s --command-timeout=3s "$@"
}

cluster_revision() { fleet_etcdctl alice get "$ORDERS/trip" --write-out=json | jq .header.revision; }

# reset_text HOST: as essctl fleet reset would put it
reset_text() {
  jq --null-input --compact-output --arg host "$1" --arg since "$(status "$1" .latch.since)" \
    '{id: "FLEET-2026-11-26-0000000f", reason: "forged", hosts: {($host): $since}}'
}

# shellcheck shell=bash
# Hosts that cannot reach their fleet: what they say, what they do, and what reaches them when they are back.

# shellcheck source=tests/system/hard_cases.sh
source "$MACHINE_SOURCE/tests/system/hard_cases.sh"
# shellcheck source=tests/system/fleet.sh
source "$MACHINE_SOURCE/tests/system/fleet.sh"

# The shortest that the configuration takes, and how long until it must be seen: etcdctl has its time-outs too.
LOSS="loss_timeout: 5s"
LOSS_SECONDS=15
# From the cable to an order, on a host that was cut off: its next attempt, and etcdctl's.
RETURN_SECONDS=15

is_lost() { has_fault "$1" fleet-lost; }
is_found() { ! has_fault "$1" fleet-lost; }
trades() { assert_running "$1" "${TRADING[@]}"; }

# A host and the one member that it can reach are cut off from the other two, which stop the others without them. The
# host says so and trades on; the trip reaches it on return.
# timeout: 300
scenario_minority() {
  local since
  three_hosts_with "$LOSS"
  fleet_sever etcd3 etcd1 etcd2
  fleet_sever c etcd1 etcd2
  assert_soon "$LOSS_SECONDS" "c is cut off" is_lost c
  assert is_found a
  since=$(monotonic_ns a)
  # etcdctl may have found the one without a majority.
  until put_order "stop"; do since=$(monotonic_ns a); done
  assert_fleet_tripped "$since" a b
  assert_stays 1000 "c is armed" state_is c armed
  trades c
  fleet_rejoin etcd3 etcd1 etcd2
  fleet_rejoin c etcd1 etcd2
  assert_soon "$RETURN_SECONDS" "c is tripped" state_is c tripped
  assert_soon 10 "c is not cut off" is_found c
  assert_same_order 1 a b c
}

# One member alone is cut off from the others, and every host can still reach it: all trip by the other two.
# timeout: 300
scenario_member_without_a_majority() {
  local since
  three_hosts_with "$LOSS"
  fleet_sever etcd1 etcd2 etcd3
  # Past the moment in which it gives its leader up.
  sleep 8
  for host in a b c; do assert is_found "$host"; done
  since=$(monotonic_ns a)
  until put_order "stop"; do since=$(monotonic_ns a); done
  assert_fleet_tripped "$since" a b c
}

# A host alone is cut off, with on_loss: alert: it trades on, says so, and has the trip when it is back. With on_loss:
# trip it stops by itself, and the fleet's order is on record there too.
# timeout: 300
scenario_host_cut_off() {
  local since
  fleet_begin
  fleet_prepare a "$LOSS"
  fleet_prepare b "$LOSS"
  fleet_prepare c "$LOSS" "on_loss: trip"
  at_once fleet_boot a b c
  since=$(monotonic_ns c)
  fleet_cut b c
  assert_soon "$LOSS_SECONDS" "c stops" state_is c tripped
  assert_dead c "${TRADING[@]}"
  assert_soon 10 "a trip of c" has_trips c 1
  assert_eq "$(last_trip c | jq -r '.ess.fleet_id // ""')" "" "the order of c's own trip"
  assert_soon "$LOSS_SECONDS" "b is cut off" is_lost b
  assert is_lost c
  trades b
  since=$(monotonic_ns a)
  assert put_order "stop"
  assert_fleet_tripped "$since" a
  assert state_is b armed
  fleet_mend b c
  assert_soon "$RETURN_SECONDS" "b is tripped" state_is b tripped
  for host in b c; do assert_soon 10 "$host is not cut off" is_found "$host"; done
  assert_same_order 1 a b
  assert_soon 10 "the order in c's ledger" has_order c "$(order_of a)"
}

# has_order NAME ID: some entry of the ledger names it
has_order() {
  [[ -n $(ledger_lines "$1" | jq -c --arg id "$2" 'select(.ess.fleet_id == $id or .ess.ess.fleet_id == $id)') ]]
}

# The whole cluster is gone for most of a minute: every host says so, and trades on. When it is back nobody says so any
# more, and the next order stops all, in time.
# timeout: 300
scenario_cluster_down() {
  local since member host
  three_hosts_with "$LOSS"
  for member in "${FLEET_MEMBERS[@]}"; do member_kill "$member"; done
  for host in a b c; do assert_soon "$LOSS_SECONDS" "$host is cut off" is_lost "$host"; done
  # Long enough for clients to try seldom.
  sleep 40
  for host in a b c; do
    assert is_lost "$host"
    assert state_is "$host" armed
    trades "$host"
  done
  assert_status 4 machine_run a essctl fleet status
  for member in "${FLEET_MEMBERS[@]}"; do member_start "$member"; done
  for host in a b c; do assert_soon 30 "$host is not cut off" is_found "$host"; done
  since=$(monotonic_ns a)
  until put_order "stop"; do since=$(monotonic_ns a); done
  assert_fleet_tripped "$since" a b c
}

# --- a host that was down ---------------------------------------------------------------------------------------------

# enabled NAME: the platform starts at boot
enabled() { systemctl --root="$(machine_root "$1")" --quiet enable "${TRADING[@]/%/.service}" "$MONITORING.service"; }

never_beat() {
  local unit
  for unit in "${TRADING[@]}"; do assert_fails machine_run "$1" heartbeat --last "$unit"; done
}

# A host is without power while the fleet trips. It asks before anything trades: not one beat.
# timeout: 300
scenario_host_down() {
  local since
  fleet_begin
  fleet_machine a
  fleet_prepare b
  enabled b
  fleet_boot b
  machine_cut b
  since=$(monotonic_ns a)
  assert put_order "stop"
  assert_fleet_tripped "$since" a
  machine_boot b || fail "no machine"
  assert_state b tripped
  never_beat b
  assert_running b "$MONITORING"
  assert_soon 10 "a trip of b" has_trips b 1
  assert_eq "$(order_of b)" "$(order_of a)" "the order"
  reset_latch b
  machine_cut b
  machine_boot b || fail "no machine"
  # Released here: this boot trades.
  assert_state b armed
  assert_soon 15 "b trades" all_run b
}

all_run() {
  local unit
  for unit in "${TRADING[@]}"; do unit_runs "$1" "$unit" || return 1; done
}

# A host boots while nobody answers it: trading waits for loss_timeout, and then starts (alert), or not at all (trip).
# timeout: 300
scenario_boots_alone() {
  local name began
  fleet_begin
  fleet_prepare a "$LOSS"
  fleet_prepare b "$LOSS" "on_loss: trip"
  for name in a b; do
    enabled "$name"
    fleet_cut "$name"
    machine_boot "$name" || fail "no machine"
  done
  assert_state b tripped
  never_beat b
  assert_soon 15 "a trades" all_run a
  began=$(machine_run a systemctl show --property=ActiveEnterTimestampMonotonic --value quantum-governor)
  assert_above "$((began - $(started_us a quantum-ess-fleet)))" 4500000 "us until a traded"
  assert is_lost a
}

started_us() { machine_run "$1" systemctl show --property=ExecMainStartTimestampMonotonic --value "$2"; }

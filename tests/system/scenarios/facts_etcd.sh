# shellcheck shell=bash
# What the fleet leans on, each seen on etcd and its etcdctl: no essd here.

# shellcheck source=tests/system/hard_cases.sh
source "$MACHINE_SOURCE/tests/system/hard_cases.sh"
# shellcheck source=tests/system/fleet.sh
source "$MACHINE_SOURCE/tests/system/fleet.sh"

HOSTS=/quantum-ess/main/hosts

# a fleet's cluster, with a user of each kind
a_cluster() {
  fleet_begin
  fleet_user host a
  fleet_user host b
  fleet_user operator alice
  fleet_user risk bot
}

assert_may() { fleet_etcdctl "$@" >/dev/null 2>"$MACHINES/refusal" || fail "refused: $*: $(<"$MACHINES/refusal")"; }

# For want of a right, and for nothing else.
assert_may_not() {
  if fleet_etcdctl "$@" >"$MACHINES/refusal" 2>&1; then fail "this should be refused: $*"; fi
  assert_match "$(<"$MACHINES/refusal")" 'permission denied' "what etcd says to: $*"
}

# watch_from NAME MEMBER USER [WORD...]: a watch of the orders by this member alone, beside the scenario
watch_from() {
  local file ETCDCTL=()
  file=$(fleet_file "watch-$1")
  etcdctl_words "$(fleet_endpoint "$2")" "$3"
  # shellcheck disable=SC2016  # expanded by that shell
  fleet_spawn "watch-$1" bash -c '"${@:2}" >"$1.told" 2>"$1.errors"; echo $? >"$1.status"' bash "$file" \
    "${ETCDCTL[@]}" --write-out=json watch --prefix "${@:4}" "$ORDERS/"
}

watch_told() { grep -q "\"value\":\"$(printf %s "$2" | base64)\"" "$(fleet_file "watch-$1.told")" 2>/dev/null; }
watch_ended() { [[ -f $(fleet_file "watch-$1.status") ]]; }
watch_runs() { ! watch_ended "$1"; }

# assert_watch_refused NAME TEXT: ended by itself, with etcdctl's status for a watch that the server ended
assert_watch_refused() {
  assert_soon 10 "the watch $1 ends" watch_ended "$1"
  assert_eq "$(<"$(fleet_file "watch-$1.status")")" 5 "exit status of $1"
  assert_match "$(<"$(fleet_file "watch-$1.errors")")" "$2" "what $1 says"
}

# each kind of user can do what it is for, and nothing else; etcd knows it by its certificate alone
# timeout: 120
scenario_roles() {
  a_cluster
  assert_may alice put "$ORDERS/trip" "stop now"
  assert_may bot put "$ORDERS/trip" "stop now"
  assert_may alice put "$ORDERS/reset/alice" mine
  assert_may host-a put "$HOSTS/a" fine
  assert_may host-a put /quantum-ess/main/known/a fine
  assert_may alice get --prefix /quantum-ess/main/
  assert_may alice del /quantum-ess/main/known/a
  assert_may host-a get --prefix "$ORDERS/"
  for who in host-a host-b; do assert_may_not "$who" put "$ORDERS/trip" "stop now"; done
  for who in bot host-a; do assert_may_not "$who" put "$ORDERS/reset/alice" "in her name"; done
  for who in alice bot host-b; do assert_may_not "$who" put "$HOSTS/a" "in its name"; done
  assert_may_not bot put "$ORDERS/reset/bot" "a program resets nothing"
  assert_may_not alice put "$ORDERS/reset/bob" "in his name"
  assert_may_not host-a get --prefix "$HOSTS/"
  assert_may_not host-a user list
  assert_may_not alice role list
  assert_may_not alice del "$ORDERS/trip" --prefix
}

# a lease is kept by one request, is nobody else's to revoke, and takes its keys with it
scenario_leases() {
  local lease
  a_cluster
  lease=$(fleet_etcdctl host-a lease grant 3 | cut -d ' ' -f 2)
  assert_may host-a put --lease="$lease" "$HOSTS/a" here
  for _ in 1 2 3 4; do
    sleep 1
    assert fleet_etcdctl host-a lease keep-alive --once "$lease" >/dev/null
  done
  assert_may_not host-b lease revoke "$lease"
  assert_eq "$(fleet_etcdctl alice get "$HOSTS/a" --print-value-only)" here "what the host said"
  assert_soon 10 "the key goes with its lease" host_is_gone a
  # Not as a failure to reach it: a new lease is needed.
  assert_status 2 fleet_etcdctl host-a lease keep-alive --once "$lease"
}

host_is_gone() { [[ -z $(fleet_etcdctl alice get "$HOSTS/$1") ]]; }

# a watch ends, and says why, where etcd refuses it: no role, no user, a revision that is compacted, no leader; a
# certificate of another authority is never told anything
# timeout: 120
scenario_watch_refused() {
  local before
  a_cluster
  fleet_certificate nobody
  fleet_authority other-ca
  fleet_certificate host-a stranger other-ca
  watch_from stranger etcd1 stranger
  watch_from nobody etcd1 nobody
  watch_from risk etcd1 bot
  assert_watch_refused nobody 'permission denied'
  assert_watch_refused risk 'permission denied'
  put_order one
  before=$(fleet_etcdctl alice get "$ORDERS/trip" --write-out=json | jq .header.revision)
  put_order two
  # Whoever has a certificate of the cluster's authority can do this, without any role (etcd 3.4 and 3.5): a watch must
  # be able to begin anew.
  assert fleet_etcdctl nobody compact "$((before + 1))" >/dev/null
  watch_from compacted etcd1 host-a --rev="$before"
  assert_watch_refused compacted 'required revision has been compacted'
  watch_from minority etcd3 host-a --rev="$((before + 1))"
  assert_soon 20 "the watch tells" watch_told minority two
  fleet_sever etcd3 etcd1 etcd2
  assert_watch_refused minority 'no leader'
  assert watch_runs stranger
  assert_eq "$(<"$(fleet_file watch-stranger.told)")" '' "what the stranger was told"
}

# a watch of a member that is killed or hangs does not end: it goes on by itself, with what it missed
# timeout: 120
scenario_watch_goes_on() {
  local member
  a_cluster
  put_order one
  for member in "${FLEET_MEMBERS[@]}"; do watch_from "$member" "$member" host-a --rev=1; done
  for member in "${FLEET_MEMBERS[@]}"; do assert_soon 20 "$member tells" watch_told "$member" one; done
  member_kill etcd1
  member_freeze etcd2
  # etcd3 has no majority; a member that comes back makes one.
  assert_fails put_order two
  member_start etcd1
  assert_soon "$FLEET_UP_SECONDS" "etcd1 is back" put_order three
  # Backing off, up to two minutes.
  assert_soon 30 "etcd1 tells" watch_told etcd1 three
  assert watch_runs etcd2
  member_thaw etcd2
  assert_soon 30 "etcd2 tells" watch_told etcd2 three
}

# What is put while the leader dies is lost with it: whoever put it is not told before its own time is over, and puts it
# again, not much later than there is a new leader. A follower that is gone, hangs or is cut off costs nothing.
# timeout: 120
scenario_put() {
  local follower leader began
  a_cluster
  follower=$(fleet_followers | head -n 1)
  for _ in 1 2 3; do assert_put_in_time "nobody is gone"; done
  member_freeze "$follower"
  for _ in 1 2 3; do assert_put_in_time "$follower hangs"; done
  member_thaw "$follower"
  fleet_cut "$follower"
  for _ in 1 2 3; do assert_put_in_time "$follower is cut off"; done
  fleet_mend "$follower"
  leader=$(fleet_leader)
  began=$(now_ms)
  member_kill "$leader"
  until fleet_etcdctl alice --command-timeout=1s put "$ORDERS/trip" again >/dev/null 2>&1; do :; done
  echo "taken $(($(now_ms) - began)) ms after $leader was killed"
  assert_below "$(($(now_ms) - began))" 6000 "ms until a put is taken"
}

# assert_put_in_time WHILE: nothing was waited for. Whatever is, takes the 5 s of --command-timeout or an election; a busy
# machine does not.
assert_put_in_time() {
  local began
  began=$(now_ms)
  assert put_order "$1"
  assert_below "$(($(now_ms) - began))" 4000 "ms of a put while $1"
}

# a user that is removed can ask for nothing any more; what it watches already goes on until its connection ends
scenario_removed() {
  a_cluster
  # From the beginning: it may come to be behind the put.
  watch_from removed etcd1 host-a --rev=1
  put_order one
  assert_soon 20 "the watch tells" watch_told removed one
  fleet_roles remove host-a
  assert_may_not host-a get --prefix "$ORDERS/"
  put_order two
  assert_soon 20 "the watch still tells" watch_told removed two
  member_kill etcd1
  member_start etcd1
  assert_watch_refused removed 'permission denied'
  fleet_roles host a
  assert_may host-a get --prefix "$ORDERS/"
}

# shellcheck shell=bash
# A fleet for scenarios: an etcd cluster of three members with certificates on both sides, authentication and roles, and
# machines, all on one switch. Each is in a network namespace of its own, which a process keeps: it outlives a reboot,
# and its cable is in before anything in it begins.
#
#   fleet_begin                        the switch, the certificates, the cluster, its roles
#   fleet_machine NAME [LINE...]       a machine of the fleet, armed and trading; LINEs for the fleet in its ess.yaml
#   fleet_etcdctl USER WORD...         etcdctl at the switch, with USER's certificate
#   fleet_cut, fleet_mend NAME...      the cable of a member or a machine: what is sent is lost, and nobody is told
#   fleet_sever, fleet_rejoin A B...   the same between A and each B alone
#   member_kill, member_freeze, member_thaw, member_start NAME
#
# All of it is a machine 'switch' to machine.sh (a directory and a cgroup), so it goes when the machines go.
# Sourced by scenario files, after assert.sh and hard_cases.sh.

# shellcheck disable=SC2153  # MACHINES is machine.sh's
export FLEET=main
export ORDERS=/quantum-ess/$FLEET/orders
FLEET_MEMBERS=(etcd1 etcd2 etcd3)
# Reserved by nobody in here: the switch is in a namespace of its own.
FLEET_NETWORK=10.77.0
FLEET_SWITCH_NUMBER=254
FLEET_FIRST_MACHINE=11
FLEET_LAST_MACHINE=30
# A member of etcd that is started needs an election, of a second by default, after its log was replayed.
FLEET_UP_SECONDS=15
# Where nobody is: frames for it are lost.
FLEET_NOBODY=ff

needs_etcd() {
  local tool
  for tool in etcd etcdctl ip openssl; do command -v "$tool" >/dev/null || skip "$tool is not installed"; done
}

needs_fleet() {
  needs_essd
  needs_etcd
  [[ -x $ESS_STAGE/usr/sbin/quantum-ess-fleet ]] || skip "quantum-ess-fleet is not built"
}

fleet_file() { echo "$MACHINES/switch/$1"; }
fleet_endpoint() { echo "https://$(node_address "$1"):2379"; }
fleet_endpoints() {
  local member text=''
  for member in "${FLEET_MEMBERS[@]}"; do text+=,$(fleet_endpoint "$member"); done
  echo "${text#,}"
}

fleet_begin() {
  needs_etcd
  mkdir -p "$(fleet_file pki)" "$(fleet_cgroup)" || fail "no place for the fleet"
  switch_make || fail "no switch"
  fleet_authority ca
  # Another one for the members among themselves: who has its certificate speaks the cluster's own protocol, which asks
  # for no role.
  fleet_authority peer-ca
  fleet_certificate root
  members_begin
  assert_soon "$FLEET_UP_SECONDS" "the cluster answers" fleet_answers root
  fleet_roles begin
}

# --- certificates -----------------------------------------------------------------------------------------------------

# Without openssl's own configuration, which makes an authority of each.
fleet_openssl() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
    -config <(printf '[req]\ndistinguished_name=name\n[name]\n') "$@" 2>/dev/null
}

# fleet_authority NAME: pki/NAME.pem and pki/NAME.key
fleet_authority() {
  local pki
  pki=$(fleet_file pki)
  fleet_openssl -subj "/CN=$1" -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign \
    -keyout "$pki/$1.key" -out "$pki/$1.pem" || fail "no authority $1"
}

# fleet_certificate CN [FILE] [AUTHORITY] [ADDRESS]: pki/FILE.pem and .key; a server's with its address
fleet_certificate() {
  local pki file=${2:-$1} authority=${3:-ca} extensions=()
  pki=$(fleet_file pki)
  if [[ -n ${4:-} ]]; then extensions=(-addext "subjectAltName=IP:$4"); fi
  fleet_openssl -subj "/CN=$1" -CA "$pki/$authority.pem" -CAkey "$pki/$authority.key" "${extensions[@]}" \
    -addext extendedKeyUsage=serverAuth,clientAuth -keyout "$pki/$file.key" -out "$pki/$file.pem" ||
    fail "no certificate for $1"
}

# --- the switch -------------------------------------------------------------------------------------------------------

fleet_cgroup() { echo "$(machine_cgroup_root)/$(machine_host_name "$MACHINES/switch")"; }

# fleet_spawn FILE COMMAND...: in the fleet's cgroup; its stamp goes to FILE, what it says to FILE.log.
fleet_spawn() {
  local file
  file=$(fleet_file "$1")
  (
    echo "$BASHPID" >"$(fleet_cgroup)/cgroup.procs"
    exec setsid "${@:2}"
  ) </dev/null >>"$file.log" 2>&1 &
  process_stamp $! >"$file"
  # Its end is nothing to report.
  disown $!
}

# net_hold NAME: a network namespace of this name
net_hold() {
  fleet_spawn "$1.net" unshare --net sleep infinity
  wait_until 2 net_is_held "$1" && net_in "$1" ip link set dev lo up
}

net_pid() { cut -d ' ' -f 1 "$(fleet_file "$1.net")"; }
net_path() { echo "/proc/$(net_pid "$1")/ns/net"; }
# When unshare has become sleep, the namespace is there.
net_is_held() { [[ $(cat "/proc/$(net_pid "$1")/comm") == sleep ]]; }
net_in() { nsenter --net="$(net_path "$1")" "${@:2}"; }

node_number() { cat "$(fleet_file "$1.number")"; }
node_address() { echo "$FLEET_NETWORK.$(node_number "$1")"; }
hardware_address() { printf '02:00:0a:4d:00:%s' "$1"; }
hardware_of_number() { hardware_address "$(printf %02x "$1")"; }

switch_make() {
  net_hold switch || return 1
  echo "$FLEET_SWITCH_NUMBER" >"$(fleet_file switch.number)"
  net_in switch ip link add name eth0 address "$(hardware_of_number "$FLEET_SWITCH_NUMBER")" type bridge || return 1
  node_set_up switch
}

# node_make NAME NUMBER: a namespace with a cable to the switch
node_make() {
  local hardware
  hardware=$(hardware_of_number "$2")
  net_hold "$1" || return 1
  echo "$2" >"$(fleet_file "$1.number")"
  net_in switch ip link add name "$1" type veth peer name eth0 address "$hardware" netns "$(net_pid "$1")" || return 1
  net_in switch ip link set dev "$1" master eth0 up || return 1
  node_set_up "$1"
}

# Everybody's hardware address is known from the beginning: otherwise a host that is cut off would be told so by its
# kernel, which gets no answer to its ARP. Behind a router nothing tells it.
node_set_up() {
  local number
  {
    echo "address add $(node_address "$1")/24 dev eth0"
    echo "link set dev eth0 up"
    for number in 1 2 3 $(seq "$FLEET_FIRST_MACHINE" "$FLEET_LAST_MACHINE") "$FLEET_SWITCH_NUMBER"; do
      if [[ $number != "$(node_number "$1")" ]]; then node_neighbour "$number" "$(hardware_of_number "$number")"; fi
    done
  } | net_in "$1" ip -batch -
}

node_neighbour() { echo "neighbour replace $FLEET_NETWORK.$1 lladdr $2 nud permanent dev eth0"; }

fleet_cut() {
  local name
  for name; do net_in switch ip link set dev "$name" nomaster || fail "$name is not cut off"; done
}

fleet_mend() {
  local name
  for name; do net_in switch ip link set dev "$name" master eth0 || fail "$name is not connected"; done
}

# one_way FROM TO HARDWARE: what FROM has for TO goes there
one_way() { node_neighbour "$(node_number "$2")" "$3" | net_in "$1" ip -batch - || fail "no way from $1 to $2"; }

fleet_sever() {
  local other
  for other in "${@:2}"; do
    one_way "$1" "$other" "$(hardware_address "$FLEET_NOBODY")"
    one_way "$other" "$1" "$(hardware_address "$FLEET_NOBODY")"
  done
}

fleet_rejoin() {
  local other
  for other in "${@:2}"; do
    one_way "$1" "$other" "$(hardware_of_number "$(node_number "$other")")"
    one_way "$other" "$1" "$(hardware_of_number "$(node_number "$1")")"
  done
}

# --- the cluster ------------------------------------------------------------------------------------------------------

members_begin() {
  local member number=0
  for member in "${FLEET_MEMBERS[@]}"; do
    number=$((number + 1))
    node_make "$member" "$number" || fail "no network for $member"
    # What the gateway in etcd shows to etcd itself: no user may be called so.
    fleet_certificate "server-$member" "$member" ca "$(node_address "$member")"
    fleet_certificate "$member" "$member-peer" peer-ca "$(node_address "$member")"
  done
  for member in "${FLEET_MEMBERS[@]}"; do member_start "$member"; done
}

# member_start NAME: also again, on the data that it has
member_start() {
  local name=$1 ip pki member members=''
  ip=$(node_address "$name")
  pki=$(fleet_file pki)
  for member in "${FLEET_MEMBERS[@]}"; do members+=,$member=https://$(node_address "$member"):2380; done
  # In life it has processors of its own.
  fleet_spawn "$name.etcd" nsenter --net="$(net_path "$name")" nice -n -19 etcd --name="$name" --data-dir="$(fleet_file "$name")" \
    --listen-client-urls="https://$ip:2379" --advertise-client-urls="https://$ip:2379" --client-cert-auth \
    --trusted-ca-file="$pki/ca.pem" --cert-file="$pki/$name.pem" --key-file="$pki/$name.key" \
    --listen-peer-urls="https://$ip:2380" --initial-advertise-peer-urls="https://$ip:2380" --peer-client-cert-auth \
    --peer-trusted-ca-file="$pki/peer-ca.pem" --peer-cert-file="$pki/$name-peer.pem" \
    --peer-key-file="$pki/$name-peer.key" --initial-cluster="${members#,}" --initial-cluster-token="$FLEET"
}

member_signal() { kill "-$2" "$(cut -d ' ' -f 1 "$(fleet_file "$1.etcd")")" || fail "$1 does not run"; }
member_freeze() { member_signal "$1" STOP; }
member_thaw() { member_signal "$1" CONT; }
member_kill() {
  member_signal "$1" KILL
  wait_until 2 process_ended "$(<"$(fleet_file "$1.etcd")")" || fail "$1 does not end"
}

# fleet_leader: its name, as soon as there is one
fleet_leader() {
  wait_until "$FLEET_UP_SECONDS" leader_named >"$(fleet_file leader)" || fail "the cluster has no leader"
  cat "$(fleet_file leader)"
}

# By the word of the members that answer: etcdctl fails if one does not, and tells of the others all the same.
leader_named() {
  local leader member
  leader=$(fleet_etcdctl root endpoint status --write-out=json 2>/dev/null | jq -r '
    map(select(.Status.leader == .Status.header.member_id)) | max_by(.Status.raftTerm) | .Endpoint') || true
  for member in "${FLEET_MEMBERS[@]}"; do
    if [[ $leader == "$(fleet_endpoint "$member")" ]]; then echo "$member" && return; fi
  done
  return 1
}

# fleet_followers: the others, one a line
fleet_followers() {
  local leader
  leader=$(fleet_leader)
  printf '%s\n' "${FLEET_MEMBERS[@]}" | grep -vxF "$leader"
}

# --- its clients ------------------------------------------------------------------------------------------------------

# etcdctl_words ENDPOINTS FILE: sets ETCDCTL to the command, at the switch and with the certificate pki/FILE.pem
etcdctl_words() {
  local pki
  pki=$(fleet_file pki)
  ETCDCTL=(nsenter --net="$(net_path switch)" env ETCDCTL_API=3 etcdctl --endpoints="$1" --dial-timeout=2s
    --command-timeout=5s --cacert="$pki/ca.pem" --cert="$pki/$2.pem" --key="$pki/$2.key")
}

# etcdctl_at ENDPOINTS FILE WORD...
etcdctl_at() {
  local ETCDCTL=()
  etcdctl_words "$1" "$2"
  timeout --foreground "$MACHINE_RUN_SECONDS" "${ETCDCTL[@]}" "${@:3}"
}

fleet_etcdctl() { etcdctl_at "$(fleet_endpoints)" "$@"; }
fleet_answers() { fleet_etcdctl "$1" get "/quantum-ess/$FLEET/orders/trip" >/dev/null 2>&1; }

# fleet_roles WORD...: as root of etcd
fleet_roles() {
  local pki
  pki=$(fleet_file pki)
  net_in switch env ETCDCTL_ENDPOINTS="$(fleet_endpoints)" ETCDCTL_CACERT="$pki/ca.pem" ETCDCTL_CERT="$pki/root.pem" \
    ETCDCTL_KEY="$pki/root.key" "$MACHINE_SOURCE/scripts/fleet-roles" --fleet "$FLEET" "$@" || fail "fleet-roles $*"
}

# fleet_user KIND NAME: with a role, and a certificate
fleet_user() {
  fleet_roles "$1" "$2"
  if [[ $1 == host ]]; then fleet_certificate "host-$2"; else fleet_certificate "$2"; fi
}

# --- machines ---------------------------------------------------------------------------------------------------------

# fleet_prepare NAME [LINE...]: all but its boot
fleet_prepare() {
  local name=$1 machines
  needs_fleet
  prepare "$name"
  machine_install "$name" || fail "no installation"
  machines=$(find "$MACHINES/switch" -name '*.number' | wc -l)
  node_make "$name" "$((FLEET_FIRST_MACHINE + machines - 4))" || fail "no network for $name"
  net_path "$name" >"$(machine_dir "$name")/network"
  fleet_user host "$name"
  [[ -f $(fleet_file pki/alice.pem) ]] || fleet_user operator alice
  fleet_enrol "$name" "host-$name" alice
  fleet_configure "$@"
  systemctl --root="$(machine_root "$name")" --quiet enable quantum-ess-fleet.service || fail "no unit for the fleet"
}

# fleet_enrol NAME HOST OPERATOR: whose certificates it has. The operator's is root's alone: the account that speaks to the
# network is a member of quantum-ess.
fleet_enrol() {
  local pki root
  pki=$(fleet_file pki)
  root=$(machine_root "$1")
  install -d "$root/etc/quantum/fleet"
  install -m 644 "$pki/ca.pem" "$root/etc/quantum/fleet/ca.pem"
  install -m 644 "$pki/$2.pem" "$root/etc/quantum/fleet/host.pem"
  install -m 640 -g "$(group_of "$1" quantum-ess-fleet)" "$pki/$2.key" "$root/etc/quantum/fleet/host.key"
  install -m 644 "$pki/$3.pem" "$root/etc/quantum/fleet/operator.pem"
  install -m 600 "$pki/$3.key" "$root/etc/quantum/fleet/operator.key"
}

# group_of NAME GROUP: its number in there
group_of() { awk -F : -v name="$2" '$1 == name { print $3 }' "$(machine_root "$1")/etc/group"; }

# fleet_configure NAME [LINE...]
fleet_configure() {
  local endpoints
  endpoints=$(fleet_endpoints)
  configure "$1" 60-fleet "fleet:$(printf '\n  %s' "endpoints: [${endpoints//,/, }]" "${@:2}")"
}

fleet_boot() {
  machine_boot "$1" || fail "no machine"
  assert_state "$1" armed
  start_platform "$1"
}

fleet_machine() {
  fleet_prepare "$@"
  fleet_boot "$1"
}

# at_once FUNCTION NAME...: FUNCTION NAME for each, side by side; they keep nothing in this shell
at_once() {
  local name process processes=()
  for name in "${@:2}"; do "$1" "$name" & processes+=($!); done
  for process in "${processes[@]}"; do wait "$process" || fail "$1 of ${*:2}"; done
}

# three_hosts, three_hosts_with LINE...: a, b and c, all that belongs to them, and LINEs for the fleet in their ess.yaml
three_hosts() { three_hosts_with "name: $FLEET"; }

three_hosts_with() {
  local host
  needs_fleet
  fleet_begin
  for host in a b c; do fleet_prepare "$host" "$@"; done
  at_once fleet_boot a b c
  for host in a b c; do assert_soon 10 "$host is in the fleet" is_present "$host"; done
}

is_present() { [[ -n $(fleet_etcdctl root get "/quantum-ess/$FLEET/hosts/$1" 2>/dev/null) ]]; }

# --- orders -----------------------------------------------------------------------------------------------------------

# put_order TEXT: as an operator would by hand
put_order() { fleet_etcdctl alice put "$ORDERS/trip" "$1" >/dev/null 2>&1; }

# order_of NAME: the id of the fleet's order in the entry of its last trip
order_of() { last_trip "$1" | jq -r .ess.fleet_id; }

# assert_same_order COUNT NAME...: so many trips on each, the last of them by one and the same order
assert_same_order() {
  local host id
  for host in "${@:2}"; do assert_soon 10 "$1 trips in the ledger of $host" has_trips "$host" "$1"; done
  id=$(order_of "$2")
  assert_match "$id" '^FLEET-' "the order of $2"
  for host in "${@:3}"; do assert_eq "$(order_of "$host")" "$id" "the order of $host"; done
}

# assert_fleet_tripped NS NAME...: each is silent in time, down, masked, and has recorded it as a success
assert_fleet_tripped() {
  local host since=$1
  shift
  for host; do assert_state "$host" tripped; done
  for host; do
    assert_silent_since "$host" "$since" "${TRADING[@]}"
    assert_stopped "$host" "${TRADING[@]}"
    assert_soon 5 "all of $host are masked" all_masked "$host"
    assert_soon 10 "a trip in the ledger of $host" has_trips "$host" "${FLEET_TRIPS:-1}"
    assert_eq "$(last_trip "$host" | jq -r .entry.outcome)" SUCCESS "outcome on $host"
  done
  assert_same_order "${FLEET_TRIPS:-1}" "$@"
}

# release_all: by each host's own reset, and what ran is started
release_all() { at_once release a b c; }
release() { reset_latch "$1" && start_platform "$1"; }

# trip_and_release WHAT: the next order stops all three
trip_and_release() {
  local since
  echo "$1"
  FLEET_TRIPS=$((${FLEET_TRIPS:-0} + 1))
  since=$(monotonic_ns a)
  assert put_order "$1"
  assert_fleet_tripped "$since" a b c
  release_all
}

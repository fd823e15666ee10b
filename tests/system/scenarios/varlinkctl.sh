# shellcheck shell=bash
# The control socket for a client that is not ours: varlinkctl of systemd 257, on Debian 13.

CONTROL=/run/quantum-ess/control
INTERFACE=io.quantum.EmergencyStop

# start_with_varlinkctl NAME: an armed machine that has it
start_with_varlinkctl() {
  ESS_ROOT=$(make_root trixie)
  [[ -x $ESS_ROOT/usr/bin/varlinkctl ]] || fail "no varlinkctl in the machine"
  start_armed "$1"
}

# call METHOD [PARAMETERS]: one reply as JSON
call() {
  local parameters=${2:-}
  machine_run m varlinkctl --json=short call "$CONTROL" "$INTERFACE.$1" "${parameters:-"{}"}"
}

# call_more METHOD [PARAMETERS]: a reply a line (varlinkctl puts RS before each, RFC 7464)
call_more() {
  local parameters=${2:-}
  machine_run m varlinkctl --json=short --more call "$CONTROL" "$INTERFACE.$1" "${parameters:-"{}"}" |
    stdbuf -o0 tr -d '\036'
}

# it finds its way: info, interfaces, and a definition that systemd's own parser takes
scenario_introspects() {
  start_with_varlinkctl m
  assert_match "$(machine_run m varlinkctl info "$CONTROL")" "Product: +essd"
  assert_eq "$(machine_run m varlinkctl list-interfaces "$CONTROL" | sort | xargs)" \
    "$INTERFACE org.varlink.service" interfaces
  local text
  text=$(machine_run m varlinkctl introspect "$CONTROL" "$INTERFACE") || fail "the definition is not taken"
  assert_match "$text" "method Status"
  assert_match "$text" "method Watch"
  machine_copy_in m "$MACHINE_SOURCE/daemon/core/$INTERFACE.varlink" /tmp/definition
  assert machine_run m varlinkctl validate-idl /tmp/definition
}

# plain calls, and an error that it understands
scenario_calls() {
  start_with_varlinkctl m
  assert_eq "$(call Status | jq -r .state)" armed state
  assert_eq "$(call LedgerHead | jq .entries)" "$(status m .ledger.entries)" entries
  assert_eq "$(call LedgerRead '{"limit":1}' | jq '.lines | length')" 1 lines
  local refused
  refused=$(machine_run m setpriv --reuid=65534 --regid=65534 --clear-groups varlinkctl call "$CONTROL" \
    "$INTERFACE.Trip" '{"reason":"mine"}' 2>&1) && fail "a stranger has tripped"
  assert_match "$refused" PermissionDenied
  assert_state m armed
}

# Watch with --more sees a trip from the first state to its entry
scenario_watches_a_trip() {
  start_with_varlinkctl m
  local seen touched
  seen=$(mktemp "$MACHINES/seen.XXXXXX")
  MACHINE_RUN_SECONDS=60 call_more Watch >"$seen" &
  local watcher=$!
  assert_soon 5 "the first reply" grep --quiet '"state":"armed"' "$seen"
  touched=$(touch_latch m)
  assert_tripped m "$touched"
  assert_soon 10 "a reply with the entry" seen_entry "$seen"
  kill "$watcher" 2>/dev/null || true
  assert_eq "$(head -n 1 "$seen" | jq -r .state)" armed "the first state"
  jq -e -s 'any(.state == "tripping")' "$seen" >/dev/null || fail "the trip itself was not told"
  assert_eq "$(jq -s '[.[-1].units[] | select(.empty and .masked and .stop_us != null)] | length' "$seen")" \
    "${#TRADING[@]}" "units that fell"
}

seen_entry() {
  [[ $(jq -r -s 'map(select(.state == "tripped")) | .[-1].last_operation.outcome // ""' "$1" 2>/dev/null) == SUCCESS ]]
}

# Trip with --more tells each unit, and how it ended
scenario_trips() {
  start_with_varlinkctl m
  local touched replies
  touched=$(monotonic_ns m)
  replies=$(call_more Trip '{"reason":"a program in another language"}')
  assert_tripped m "$touched"
  assert_eq "$(jq -s '[.[] | select(.unit)] | length' <<<"$replies")" "${#TRADING[@]}" "units told of"
  assert_eq "$(tail -n 1 <<<"$replies" | jq -r .outcome)" SUCCESS outcome
  assert_eq "$(status m .latch.reason)" "a program in another language" reason
}

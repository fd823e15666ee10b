# shellcheck shell=bash
# Every command of packaging/docs/ESS_RUNBOOK.md, as it stands there, in the order in which an operator would come to it.

# shellcheck source=tests/system/hard_cases.sh
source "$MACHINE_SOURCE/tests/system/hard_cases.sh"

# shellcheck source=tests/system/fleet.sh
source "$MACHINE_SOURCE/tests/system/fleet.sh"

RUNBOOK=$MACHINE_SOURCE/packaging/docs/ESS_RUNBOOK.md

# block NAME: its lines
block() {
  awk -v mark="<!-- run: $1 -->" '$0 == mark { found = 1 } found && /^```$/ { exit } inside { print } found && /^```sh$/ { inside = 1 }' "$RUNBOOK"
}

# follow MACHINE BLOCK: each line with the exit status that is written behind it
follow() {
  # shellcheck disable=SC2034  # machine_run reads it
  local line want status said MACHINE_RUN_SECONDS=60
  [[ -n $(block "$2") ]] || fail "the runbook has no block '$2'"
  while IFS= read -r line; do
    want=0 status=0
    if [[ $line =~ \#\ exit\ ([0-9]+)$ ]]; then want=${BASH_REMATCH[1]}; fi
    echo "\$ $line"
    said=$(machine_run "$1" bash -c "$line" </dev/null 2>&1) || status=$?
    ((status == want)) || fail "'$line' of '$2' ends with $status, wanted $want: $said"
    echo "$said"
  done < <(block "$2")
}

runs_again() { assert_running "$1" quantum-ai-engine quantum-execution quantum-apply-layer quantum-governor quantum-vendor; }

# a trip, looks, the refusal to start, a release, a start; the other ways to trip
# timeout: 120
scenario_stop_and_release() {
  start_armed m
  follow m activate
  assert_state m tripped
  follow m status
  follow m nothing-starts
  follow m deactivate
  runs_again m
  follow m activate-otherwise
  assert_state m tripped
  assert_stopped m "${TRADING[@]}"
  follow m deactivate
  runs_again m
}

# market crash, a hanging process, maintenance, a change of the configuration
# timeout: 120
scenario_scenarios() {
  start_armed m
  follow m market-crash
  runs_again m
  follow m python-hang
  runs_again m
  follow m maintenance
  follow m configuration
  runs_again m
}

# a drill and the proof: trading is not touched
# timeout: 120
scenario_exercise() {
  local before
  start_armed m
  before=$(unit_pid m quantum-ai-engine)
  follow m drill
  follow m proof
  assert_eq "$(unit_pid m quantum-ai-engine)" "$before" "PID of a trading unit"
}

# where to look; the latch with essd down
# timeout: 120
scenario_troubleshooting() {
  start_armed m
  follow m look
  follow m essd-down
  assert_state m armed
}

# the last step of moving over
# timeout: 120
scenario_moved() {
  start_armed m
  follow m moved
  runs_again m
}

# a fleet of one host: roles, its certificate, joining, a trip, a release, a trip by hand
# timeout: 300
scenario_several_hosts() {
  fleet_begin
  fleet_prepare m
  fleet_access m root root/etcd.env
  fleet_access m alice etc/quantum/fleet/operator.env
  install -m 600 "$(fleet_file pki/ca.key)" "$(machine_root m)/root/ca.key"
  rm "$(machine_root m)"/etc/quantum/fleet/host.*
  systemctl --root="$(machine_root m)" --quiet disable quantum-ess-fleet.service
  fleet_boot m
  follow m fleet-roles
  follow m fleet-certificate
  follow m fleet-join
  follow m fleet-trip
  assert_stopped m "${TRADING[@]}"
  follow m fleet-reset
  runs_again m
  follow m fleet-trip-by-hand
  assert_state m tripped
  follow m fleet-reset
  runs_again m
}

# fleet_access MACHINE USER FILE: how etcdctl is told of the cluster and a certificate, which come with it
fleet_access() {
  local root name
  root=$(machine_root "$1")
  for name in pem key; do install -D -m 600 "$(fleet_file "pki/$2.$name")" "$root/root/$2.$name"; done
  printf '%s\n' ETCDCTL_API=3 ETCDCTL_ENDPOINTS="$(fleet_endpoints)" ETCDCTL_CACERT=/etc/quantum/fleet/ca.pem \
    ETCDCTL_CERT="/root/$2.pem" ETCDCTL_KEY="/root/$2.key" >"$root/$3"
}

# no command of the runbook is left out, and each block is of a known name
scenario_all_blocks() {
  local name
  while IFS= read -r name; do
    grep --quiet "follow m $name\$" "$MACHINE_SOURCE/tests/system/scenarios/runbook.sh" || fail "no scenario follows the block '$name'"
  done < <(sed -n 's/^<!-- run: \(.*\) -->$/\1/p' "$RUNBOOK")
  assert_eq "$(grep --count '^```sh$' "$RUNBOOK")" "$(grep --count '^<!-- run: ' "$RUNBOOK")" "blocks with a name"
}

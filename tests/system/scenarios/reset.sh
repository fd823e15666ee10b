# shellcheck shell=bash
# A reset is a deliberate act: it releases, it starts nothing, and it is on record.

# tripped NAME: a machine whose platform ran and was stopped
tripped() {
  start_armed "$@"
  touch_latch "$1"
  assert_state "$1" tripped
}

has_lines() { [[ $(ledger_lines "$1" | jq -s '[.[] | select(.kind == "trip" or .kind == "reset")] | length') == "$2" ]]; }

# nothing starts by itself, and everything can be started
scenario_starts_nothing() {
  local pid unit
  tripped m
  pid=$(unit_pid m "$MONITORING")
  reset_latch m "all clear"
  assert_fails machine_run m test -e "$LATCH"
  assert_fails machine_run m test -e /var/lib/quantum-ess/latched
  for unit in "${TRADING[@]}"; do assert_eq "$(unit_property m "$unit" LoadState)" loaded "LoadState of $unit"; done
  assert_stays 1500 "all trading units are down" all_empty m
  assert_status 0 machine_run m essctl status
  start_platform m
  assert_eq "$(unit_pid m "$MONITORING")" "$pid" "PID of the monitoring"
}

# the name that operators know from the seed
scenario_deactivate() {
  tripped m
  assert machine_run m essctl deactivate --reason "by the old name"
  assert_state m armed
}

# no reason, no reset; nothing to reset is no success; a stranger is refused
scenario_refusals() {
  tripped m
  assert_status 2 machine_run m essctl reset
  assert_fails machine_run m essctl reset --reason ''
  assert_status 5 machine_run m setpriv --reuid=nobody --regid=nogroup --clear-groups essctl reset --reason "let me"
  assert_state m tripped
  assert_status 3 machine_run m setpriv --reuid=nobody --regid=nogroup --clear-groups essctl status
  reset_latch m
  assert_fails machine_run m essctl reset --reason "once more"
}

# trip, reset, start, trip again, ten times over
# timeout: 150
scenario_ten_times() {
  local round since pid
  start_armed m
  pid=$(unit_pid m "$MONITORING")
  for round in {1..10}; do
    echo "round $round"
    since=$(touch_latch m)
    assert_state m tripped
    assert_silent_since m "$since" "${TRADING[@]}"
    assert_stopped m "${TRADING[@]}"
    assert_masked m "${TRADING[@]}"
    reset_latch m "round $round"
    start_platform m
  done
  assert_eq "$(unit_pid m "$MONITORING")" "$pid" "PID of the monitoring"
  assert_soon 5 "one entry for each trip and each reset" has_lines m 20
  assert_chained m
}

# one entry for each trip and reset, with its fields, chained to the one before
scenario_ledger() {
  local lines trip reset
  tripped m
  reset_latch m "all clear, checked by the desk"
  assert_soon 5 "two entries" has_lines m 2
  assert_chained m
  lines=$(ledger_lines m)
  trip=$(jq -c 'select(.kind == "trip")' <<<"$lines")
  reset=$(jq -c 'select(.kind == "reset")' <<<"$lines")
  assert_match "$(jq -r .entry.operation_id <<<"$trip")" '^OPS-[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9]{3}$' operation_id
  assert_eq "$(jq -r .entry.rollback_of <<<"$reset")" "$(jq -r .entry.operation_id <<<"$trip")" rollback_of
  assert_match "$(jq -r .entry.notes <<<"$reset")" 'all clear, checked by the desk' "reason of the reset"
  assert_eq "$(jq -r .entry.approved_by <<<"$trip")" SELF "approved_by of the trip"
  assert_match "$(jq -r .entry.config_hash <<<"$trip")" '^[0-9a-f]{16}$' config_hash
  assert_fields "$trip" operation_id operation_name requested_by approved_by approval_timestamp execution_timestamp git_commit \
    git_branch hostname risk_class blast_radius changes_summary objective rollback_ref outcome allowed_services \
    services_status notes config_hash
  assert_eq "$(jq -r .entry.hostname <<<"$trip")" m hostname
}

assert_fields() {
  local line=$1 field
  shift
  for field; do assert_eq "$(jq ".entry | has(\"$field\")" <<<"$line")" true "the entry has $field"; done
}

# the configuration hash is the one that the operators' own tools compute
scenario_config_hash() {
  local file
  needs_essd
  machine_create m
  machine_platform m
  machine_allow m
  for file in policy signals universe; do echo "$file: 1" >"$(machine_root m)/etc/quantum/$file.yaml"; done
  machine_install m
  machine_boot m
  assert_state m armed
  assert_eq "$(status m .config_hash)" \
    "$(machine_run m sh -c 'cd /etc/quantum && cat policy.yaml signals.yaml universe.yaml' | sha256sum | cut -c1-16)" config_hash
}

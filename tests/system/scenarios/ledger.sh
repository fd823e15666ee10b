# shellcheck shell=bash
# The signed ledger on a host: what is written can be proven, what is damaged is told, and a stop waits for none of it.

# shellcheck source=tests/system/hard_cases.sh
source "$MACHINE_SOURCE/tests/system/hard_cases.sh"

LEDGER=$STATE/ledger
# What an auditor took home on the first day.
KEPT=/root/kept

# audited NAME: armed, and the key taken home.
audited() {
  start_armed "$1"
  assert_soon 5 "there is a key" machine_run "$1" test -s "$LEDGER/log.pub.pem"
  machine_run "$1" mkdir -p "$KEPT"
  machine_run "$1" cp "$LEDGER/log.pub.pem" "$KEPT/"
  people "$1"
}

# people NAME: alice and bob, operators, with SSH keys that may sign off.
people() {
  local who
  for who in alice bob; do
    assert machine_run "$1" useradd --create-home --groups quantum-ess "$who"
    assert machine_run "$1" setpriv --reuid="$who" --regid="$who" --init-groups \
      ssh-keygen -q -t ed25519 -N '' -C "$who" -f "/home/$who/id"
    # shellcheck disable=SC2016  # expanded by the machine's shell
    assert machine_run "$1" sh -c \
      'printf "%s namespaces=\"quantum-ess-signoff\" %s\n" "$1" "$(cat "/home/$1/id.pub")" >>/etc/quantum/allowed_signers' sh "$who"
  done
}

# assert_verdict NAME STATUS [ARGUMENT...]: both verifiers say so.
assert_verdict() {
  assert_status "$2" machine_run "$1" essctl ledger verify --key "$KEPT/log.pub.pem" --journal "${@:3}"
  assert_status "$2" machine_run "$1" /usr/libexec/quantum-ess/verify-ledger --key "$KEPT/log.pub.pem" --journal "${@:3}"
}

stop_essd() { assert machine_run "$1" systemctl stop essd.service; }
start_essd() {
  assert machine_run "$1" systemctl start essd.service
  assert_state "$1" armed
}

# report_is_current NAME ID: what essd wrote is what essctl makes of the ledger.
report_is_current() {
  machine_run "$1" sh -c "essctl report $2 --html - | cmp -s - $STATE/reports/$2.html"
}

# the page of a trip is there after it, for who may read the ledger; it has the reset too, and its first command proves it
scenario_report_of_a_trip() {
  local id page command
  audited m
  touch_latch m >/dev/null
  assert_state m tripped
  assert_soon 5 "there is an entry" machine_run m sh -c "essctl ledger list --kind trip | grep -q OPS-"
  id=$(entries m trip | jq -r .entry.operation_id)
  page=$STATE/reports/$id.html
  assert_soon 5 "there is a report" machine_run m test -s "$page"
  assert_soon 5 "it is what essctl makes" report_is_current m "$id"
  assert as m alice grep -q '<h1>STOPPED</h1>' "$page"
  assert_fails machine_run m setpriv --reuid=nobody --regid=nogroup --clear-groups cat "$page"
  command=$(machine_run m sed -n 's/.*<pre>\(grep .*sha256sum\)<\/pre>.*/\1/p' "$page" | sed 's/&quot;/"/g; s/&#39;/'"'"'/g')
  assert machine_run m sh -c "$command | cut -c 1-64 | grep -qf - $page"
  reset_latch m "all clear"
  assert_soon 10 "the reset is on it" machine_run m grep -q 'Followed by' "$page"
  assert_soon 5 "it is what essctl makes of it then" report_is_current m "$id"
}

# a day with a trip, a reset and an operator's entry is proven by both verifiers, and people can read it
scenario_a_day() {
  local id
  audited m
  touch_latch m >/dev/null
  assert_state m tripped
  reset_latch m "all clear"
  assert as m alice essctl ledger append --operation "Deploy" --objective "a newer engine" --risk-class SERVICE_RESTART \
    --blast-radius "one engine" --changes-summary "engine 7" --allowed-service quantum-governor
  id=$(entries m append | jq -r .entry.operation_id)
  assert_eq "$(entries m append | jq -r .ess.recorded_by)" alice "who recorded it"
  assert_eq "$(machine_run m essctl ledger show "$id" --json | jq -r .operation_name)" Deploy "what is shown"
  assert as m alice essctl ledger amend "$id" --outcome ROLLBACK --notes "engine 6 again"
  assert_eq "$(as m bob essctl ledger list --json | jq -r '.[0].outcome')" ROLLBACK "the outcome that holds"
  assert as m bob essctl sign-off "$id" --key /home/bob/id
  assert_status 5 as m alice essctl sign-off "$id" --key /home/alice/id
  assert_soon 5 "all of it is proven" assert_verdict m 0 --allowed-signers /etc/quantum/allowed_signers
  assert_soon 5 "the changelog has it" machine_run m grep -q "operation_id: $id" "$STATE/OPS_CHANGELOG.md"
  assert machine_run m grep -q "operation_name: Emergency stop reset" "$STATE/OPS_CHANGELOG.md"
  assert_eq "$(as m bob essctl ledger list --json | jq length)" 3 "entries that an operator lists"
  assert_fails machine_run m setpriv --reuid=nobody --regid=nogroup --clear-groups essctl ledger list
}

# an entry changed while essd was down: a breach, a new log, armed all the same; red until two people have signed it off
scenario_tampered() {
  local breach
  audited m
  touch_latch m >/dev/null
  assert_state m tripped
  reset_latch m
  stop_essd m
  # shellcheck disable=SC2016  # expanded by the machine's shell
  machine_run m sh -c 'sed -i "s/\"requested_by\":\"root\"/\"requested_by\":\"roof\"/" /var/lib/quantum-ess/ledger/*.jsonl'
  start_essd m
  assert_soon 5 "the breach is a fault" has_fault m ledger-breach
  assert_verdict m 1
  breach=$(entries m breach | jq -r .entry.operation_id)
  assert_match "$breach" '^OPS-' "the breach's id"
  assert as m alice essctl sign-off "$breach" --key /home/alice/id
  assert_status 5 as m alice essctl sign-off "$breach" --key /home/alice/id
  assert has_fault m ledger-breach
  assert as m bob essctl sign-off "$breach" --key /home/bob/id
  assert_soon 5 "the fault is gone" has_no_fault m ledger-breach
}

has_no_fault() { [[ $(status "$1" "any(.faults[]; .code == \"$2\")") == false ]]; }

# the newest entry cut off, checkpoint and all put back to an earlier day: only the journal knows
scenario_rolled_back() {
  audited m
  machine_run m cp -a "$STATE" /root/earlier
  touch_latch m >/dev/null
  assert_state m tripped
  reset_latch m
  assert_soon 5 "in the journal" assert_verdict m 0
  stop_essd m
  machine_run m sh -c 'rm -r /var/lib/quantum-ess/* && cp -a /root/earlier/. /var/lib/quantum-ess/'
  assert_status 4 machine_run m essctl ledger verify --key "$KEPT/log.pub.pem"
  assert_verdict m 1
  start_essd m
  assert_soon 5 "the breach is a fault" has_fault m ledger-breach
  assert_eq "$(entries m breach | wc -l)" 1 "breach lines"
}

# a new key is signed for by the old one: who trusts the first trusts what comes after
scenario_key_rotated() {
  audited m
  assert machine_run m essctl ledger rotate-key
  touch_latch m >/dev/null
  assert_state m tripped
  reset_latch m
  assert_soon 5 "proven by the first key" assert_verdict m 0
  assert_status 5 as m alice essctl ledger rotate-key
}

# the private key never lies on the disk in the clear: systemd decrypts it for essd alone
scenario_key_by_credential() {
  prepare m
  machine_install m || fail "no installation"
  machine_boot m || fail "no machine"
  machine_run m systemctl stop essd.service
  machine_run m rm -rf "$LEDGER" "$STATE/keys"
  # shellcheck disable=SC2016  # expanded by the machine's shell
  assert machine_run m sh -c 'openssl genpkey -algorithm ed25519 | systemd-creds encrypt --with-key=host --name=ledger.pem - /etc/ledger.cred'
  printf '[Service]\nLoadCredentialEncrypted=ledger.pem:/etc/ledger.cred\n' |
    machine_write m /etc/systemd/system/essd.service.d/key.conf
  machine_run m systemctl daemon-reload
  start_essd m
  assert_soon 5 "there is a key" machine_run m test -s "$LEDGER/log.pub.pem"
  assert_fails machine_run m test -e "$STATE/keys/ledger.pem"
  touch_latch m >/dev/null
  assert_state m tripped
  reset_latch m
  assert_fails machine_run m essctl ledger rotate-key
}

# two people for a reset; not the same one twice, not after its time
# timeout: 120
scenario_four_eyes() {
  local id since
  prepare m
  configure m four-eyes 'reset: {four_eyes: true, expiry: 30s}'
  boot_armed m
  people m
  start_platform m
  since=$(touch_latch m)
  assert_held m "$since" "${TRADING[@]}"
  assert as m alice essctl reset --reason "prices are back"
  id=$(status m .pending_reset.operation_id)
  assert_state m tripped
  assert_status 5 as m alice essctl approve "$id"
  assert as m bob essctl approve "$id"
  assert_state m armed
  assert_eq "$(entries m reset | jq -r '.entry.requested_by + " " + .entry.approved_by')" "alice bob" "the two"
  start_platform m
  touch_latch m >/dev/null
  assert_state m tripped
  assert as m bob essctl reset --reason "again"
  id=$(status m .pending_reset.operation_id)
  assert_soon 40 "it expires" expired m
  assert_status 5 as m alice essctl approve "$id"
  assert_state m tripped
}

expired() { [[ $(entries "$1" refusal | jq -r .entry.operation_name | tail -n 1) == "Reset request expired" ]]; }

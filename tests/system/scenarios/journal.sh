# shellcheck shell=bash
# What journalctl -x tells of the events of a day, with the catalog as it is installed.

# told NAME ID: what the journal and the catalog have of one kind of event, ID by its name in the code.
told() {
  local id
  id=$(sed -n "s/.* $2{\"\([0-9a-f]*\)\"}.*/\1/p" "$MACHINE_SOURCE/daemon/core/message_id.hpp")
  [[ -n $id ]] || fail "there is no event $2"
  machine_run "$1" journalctl --catalog --no-pager --output=short "MESSAGE_ID=$id"
}

tells() { [[ $(told "$1" "$2") == *"$3"* ]]; }

# armed, drilled, tripped, a latch file removed, released, not ready: each is explained, with its own entry and fault
scenario_catalog() {
  local text
  start_armed m
  text=$(machine_run m journalctl --update-catalog 2>&1) || fail "the catalog is not accepted: $text"
  assert_eq "$text" "" "what journalctl says of the catalog"
  assert tells m armed "Subject: The emergency stop is armed"
  assert machine_run m essctl drill --rounds 2
  assert_soon 5 "the drill is explained" tells m drill_done "Subject: A drill of the stop has ended"
  touch_latch m >/dev/null
  assert_state m tripped
  assert_soon 5 "the stop is explained" tells m trip_complete "Subject: All trading is stopped"
  assert tells m trip_begun "Subject: All trading is being stopped"
  assert_soon 5 "the entry is explained" tells m ledger_entry "Subject: The ledger has an entry more: OPS-"
  machine_run m rm "$LATCH"
  assert_soon 5 "the removed file is explained" tells m latch_relatched "was removed by hand, and was put back"
  reset_latch m
  assert_soon 5 "the reset is explained" tells m reset_done "Subject: The stop was released"
  machine_run m sh -c 'rm -r /run/systemd/generator.early/*.d'
  assert_state m not-ready
  assert_soon 5 "the fault is explained" tells m not_ready "The emergency stop is not ready: guard-missing"
  assert_no_match "$(machine_run m journalctl --catalog --no-pager --unit=essd.service)" '@[A-Z_]+@' "what is explained"
}

# shellcheck shell=bash
# What somebody on the host cannot do (packaging/docs/SECURITY.md): each attempt is made, as that user, on a real systemd.

# shellcheck source=tests/system/hard_cases.sh
source "$MACHINE_SOURCE/tests/system/hard_cases.sh"

# people NAME: mallory, a user like any other, and alice, an operator.
people() {
  assert machine_run "$1" useradd --create-home mallory
  assert machine_run "$1" useradd --create-home --groups quantum-ess alice
}

# What nobody but root may do, whoever else it is: essd's process, what stands for its word, units by systemd and by the
# kernel, the guard, the configuration, and what is on record. In an order in which root can do all of it.
# shellcheck disable=SC2016  # expanded by the machine's shell
ATTEMPTS=(
  'kill "$(systemctl show --property=MainPID --value essd.service)"'
  'readlink "/proc/$(systemctl show --property=MainPID --value essd.service)/exe"'
  'cat "/proc/$(systemctl show --property=MainPID --value essd.service)/environ"'
  'touch /run/quantum-ess/mine'
  'echo 0 >/sys/fs/cgroup/system.slice/essd.service/cgroup.freeze'
  'echo 1 >/sys/fs/cgroup/system.slice/essd.service/cgroup.kill'
  'systemctl --no-ask-password start quantum-ess.service'
  'echo >>/etc/quantum/ess.yaml'
  'touch /etc/quantum/ess.d/mine.yaml'
  'echo >>/var/lib/quantum-ess/ledger/checkpoint'
  'touch /var/lib/quantum-ess/latched'
  'cat /var/lib/quantum-ess/keys/*'
  'rm -r /run/systemd/generator.early/quantum-governor.service.d'
  'rm /run/quantum-ess/control'
  'systemctl --no-ask-password mask --runtime essd.service'
  'systemctl --no-ask-password stop essd.service'
)

can() { as "$1" "$2" sh -c "$3" >/dev/null 2>&1; }
cannot() { assert_fails can "$@"; }

leave_alone() {
  local attempt
  for attempt in "${ATTEMPTS[@]}"; do cannot "$1" "$2" "$attempt"; done
}

# root can do what the others cannot: their attempts fail for want of permission, and not because they are no attempts
# timeout: 120
scenario_root() {
  local attempt
  start_armed m
  # essd may be on its way back from the last one
  for attempt in "${ATTEMPTS[@]}"; do assert_soon 15 "root can: $attempt" can m root "$attempt"; done
}

# a user who is not an operator: neither trips nor resets, and comes at nothing that a stop leans on
scenario_a_local_user() {
  start_armed m
  people m
  leave_alone m mallory
  cannot m mallory "touch $LATCH"
  cannot m mallory "cat $STATE/OPS_CHANGELOG.md"
  assert_status 5 as m mallory essctl trip --reason mine
  assert_stays 1 "it is armed" state_is m armed
  touch_latch m >/dev/null
  assert_state m tripped
  cannot m mallory "rm $LATCH"
  cannot m mallory "systemctl --no-ask-password start quantum-governor.service"
  assert_status 5 as m mallory essctl reset --reason mine
  leave_alone m mallory
  assert_state m tripped
}

# an operator: trips under the own name; what root set stays, and root's files stay unread
scenario_an_operator() {
  local since
  start_armed m
  people m
  leave_alone m alice
  # root's file as the latch: a link tells nothing of it
  since=$(monotonic_ns m)
  assert as m alice ln -s "$STATE/keys/ledger.pem" "$LATCH"
  assert_tripped m "$since"
  assert_soon 5 "it is on record" has_trips m 1
  assert_eq "$(last_trip m | jq -r .entry.requested_by)" alice "who set it"
  assert_no_match "$(machine_run m essctl status --json) $(last_trip m)" "PRIVATE KEY" "what is told of it"
  # a latch of the own may be taken away, and is back at once; root's may not
  assert as m alice rm "$LATCH"
  assert_soon 5 "it is back" machine_run m test -e "$LATCH"
  cannot m alice "rm $LATCH"
  cannot m alice "mv $LATCH /run/quantum/elsewhere"
  cannot m alice "systemctl --no-ask-password start quantum-governor.service"
  assert_state m tripped
  assert_status 5 as m alice essctl ledger rotate-key
  assert as m alice essctl reset --reason "all clear"
  assert_soon 5 "it is on record" has_resets m 1
  assert_eq "$(entries m reset | jq -r .entry.requested_by)" alice "who reset it"
}

# a trading process that wants to outlive the stop: it leaves its session, its name and its parent, and cannot leave its cgroup
scenario_a_trading_process() {
  local since
  prepare m
  program m flees <<'SCRIPT'
#!/bin/sh
trap '' TERM HUP INT
touch /run/trader/tried
for place in init.scope system.slice system.slice/essd.service; do
  if echo $$ 2>/dev/null >"/sys/fs/cgroup/$place/cgroup.procs"; then echo "$place" >>/run/trader/escaped; fi
done
kill -9 "$(systemctl show --property=MainPID --value essd.service)" 2>/dev/null && echo kill >>/run/trader/escaped
(trap '' TERM HUP; setsid sh -c 'trap "" TERM HUP; exec heartbeat flees-child' &) &
exec heartbeat flees
SCRIPT
  trading m flees "ExecStart=" ExecStart=/usr/local/bin/flees Type=simple User=games RuntimeDirectory=trader
  boot_armed m
  assert machine_run m systemctl start flees.service
  assert_soon 5 "its child beats" has_begun m flees-child
  assert machine_run m test -e /run/trader/tried
  assert_fails machine_run m test -e /run/trader/escaped
  since=$(touch_latch m)
  assert_state m tripped
  assert_silent_since m "$since" flees flees-child
  assert units_are_empty m flees
}

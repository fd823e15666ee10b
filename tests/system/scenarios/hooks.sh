# shellcheck shell=bash
# What operators hang on quantum-ess-tripped.target: the worked examples, as they are installed, with a real Redis.

# shellcheck source=tests/system/hard_cases.sh
source "$MACHINE_SOURCE/tests/system/hard_cases.sh"

MARKER=quantum:ess:active
MESSAGES=/run/messages
REDIS_HOOKS=(quantum-ess-redis-tripped quantum-ess-redis-reset)

# hooked NAME HOOK...: a machine that is armed, with these examples enabled as their comments say.
hooked() {
  local name=$1 root hook
  shift
  prepare "$name"
  root=$(machine_root "$name")
  for hook; do
    assert cp "$root/usr/share/doc/quantum-ess/examples/$hook.service" "$root/etc/systemd/system/"
    assert systemctl --root="$root" --quiet enable "$hook.service"
  done
  boot_armed "$name"
  start_platform "$name"
}

redis() { machine_run "$1" redis-cli "${@:2}"; }
redis_answers() { [[ $(redis "$1" PING 2>/dev/null) == PONG ]]; }
marker_is() { [[ $(redis "$1" GET "$MARKER") == "$2" ]]; }
has_message() { machine_run "$1" grep --quiet --line-regexp "$2" "$MESSAGES"; }
messages() { machine_run "$1" grep --count --extended-regexp '^(tripped|reset) ' "$MESSAGES" || true; }
has_messages() { [[ $(messages "$1") == "$2" ]]; }

start_redis() {
  machine_run "$1" test -x /usr/bin/redis-server || skip "the machine has no redis-server"
  assert machine_run "$1" systemctl start redis-server.service
  assert_soon 10 "Redis answers" redis_answers "$1"
}

# subscribe NAME: what is published goes into a file, from now on.
subscribe() {
  assert machine_run "$1" systemd-run --quiet --unit=subscriber sh -c "exec redis-cli SUBSCRIBE quantum:event:ess >$MESSAGES"
  assert_soon 5 "it listens" has_message "$1" subscribe
}

failed_unit() { unit_is "$1" "$2.service" ActiveState failed; }

# tripped_in_time NAME COUNT: a trip, the COUNTth, with nothing amiss.
tripped_in_time() {
  local since
  since=$(touch_latch "$1")
  assert_tripped "$1" "$since"
  assert_entry "$1" "$2" SUCCESS "${TRADING[@]}"
}

# reset_in_time NAME: the reset, and the platform again.
reset_in_time() {
  local before
  before=$(now_ms)
  reset_latch "$1"
  assert_below "$(($(now_ms) - before))" 4000 "ms for the reset"
  start_platform "$1"
}

# the marker is set and told of by a trip, taken away by the reset, and set again by the next trip; Redis runs on
# timeout: 120
scenario_redis_marker() {
  local host pid
  hooked m "${REDIS_HOOKS[@]}"
  start_redis m
  subscribe m
  host=$(machine_run m uname -n)
  pid=$(unit_pid m redis-server.service)
  assert_eq "$(redis m EXISTS "$MARKER")" 0 "marker before the trip"

  tripped_in_time m 1
  assert_soon 10 "the marker is set" marker_is m "$host"
  assert_soon 10 "the trip is told" has_message m "tripped $host"
  # The target goes down with the host, too: without a reset nothing is taken away.
  assert machine_run m systemctl stop quantum-ess-tripped.target
  assert marker_is m "$host"
  assert_eq "$(messages m)" 1 "messages before the reset"
  assert machine_run m systemctl start quantum-ess-tripped.target
  # The reset stops a hook that has not finished.
  assert_soon 10 "the trip is told again" has_messages m 2

  reset_in_time m
  assert_soon 10 "the marker is gone" marker_is m ""
  assert_soon 10 "the reset is told" has_message m "reset $host"

  tripped_in_time m 2
  assert_soon 10 "the marker is set again" marker_is m "$host"
  assert_soon 10 "the second trip is told" has_messages m 4
  reset_in_time m
  assert_soon 10 "the marker is gone again" marker_is m ""
  assert_soon 10 "all of it is told" has_messages m 5
  assert_eq "$(unit_pid m redis-server.service)" "$pid" "Redis"
}

# Redis down, hanging, and without its command: no trip and no reset waits for it, the hook has failed and can be seen
# timeout: 180
scenario_redis_out_of_reach() {
  local pid
  hooked m "${REDIS_HOOKS[@]}"
  start_redis m

  machine_run m systemctl stop redis-server.service
  tripped_in_time m 1
  assert_soon 10 "down: the hook has failed" failed_unit m quantum-ess-redis-tripped
  assert_match "$(machine_run m systemctl --failed --plain)" quantum-ess-redis-tripped.service "what has failed"
  reset_in_time m
  assert_soon 10 "down: so has the other" failed_unit m quantum-ess-redis-reset

  start_redis m
  pid=$(unit_pid m redis-server.service)
  machine_run m kill -STOP "$pid"
  tripped_in_time m 2
  assert_soon 15 "hanging: the hook has failed" failed_unit m quantum-ess-redis-tripped
  reset_in_time m
  assert_soon 15 "hanging: so has the other" failed_unit m quantum-ess-redis-reset
  machine_run m kill -CONT "$pid"
  assert_soon 10 "Redis answers" redis_answers m

  assert machine_run m mv /usr/bin/redis-cli /usr/bin/redis-cli.away
  tripped_in_time m 3
  assert_soon 10 "missing: the hook has failed" failed_unit m quantum-ess-redis-tripped
  reset_in_time m
  assert machine_run m mv /usr/bin/redis-cli.away /usr/bin/redis-cli

  tripped_in_time m 4
  assert_soon 10 "there again: the marker is set" marker_is m m
  reset_in_time m
  assert_soon 10 "and removed" marker_is m ""
}

# A Redis that hung over the trip takes the marker when it goes on. The hook has failed then, and the reset still removes it.
# timeout: 120
scenario_redis_takes_it_late() {
  local pid
  hooked m "${REDIS_HOOKS[@]}"
  start_redis m
  pid=$(unit_pid m redis-server.service)
  machine_run m kill -STOP "$pid"
  tripped_in_time m 1
  assert_soon 15 "the hook has failed" failed_unit m quantum-ess-redis-tripped
  machine_run m kill -CONT "$pid"
  assert_soon 10 "Redis has it all the same" marker_is m m
  reset_in_time m
  assert_soon 10 "the marker is gone" marker_is m ""
}

notified() { machine_journal "$1" --unit=quantum-ess-notify.service --output=cat | grep --quiet --fixed-strings --line-regexp "$2"; }

# an operator's command is told what happened, by its environment alone; one that fails is seen and harms nothing
# timeout: 120
scenario_notify() {
  # shellcheck disable=SC2016  # it must not be expanded, here or there
  local reason='prices $(touch /run/pwned) `id`; "stale"' root entry
  prepare m
  root=$(machine_root m)
  assert install -D -m 755 "$root/usr/share/doc/quantum-ess/examples/quantum-ess-notify" "$root/usr/local/lib/quantum-ess-notify"
  assert cp "$root/usr/share/doc/quantum-ess/examples/quantum-ess-notify.service" "$root/etc/systemd/system/"
  assert systemctl --root="$root" --quiet enable quantum-ess-notify.service
  echo 'NOTIFY_COMMAND="env | grep ^ESS_"' >"$root/etc/quantum/notify.env"
  boot_armed m
  start_platform m
  machine_run m essctl trip --reason "$reason"
  entry=$(last_trip m | jq -r .entry.operation_id)
  assert_soon 15 "the reason" notified m "ESS_REASON=$reason"
  assert_soon 5 "the entry" notified m "ESS_OPERATION_ID=$entry"
  assert notified m ESS_OUTCOME=SUCCESS
  assert notified m ESS_REQUESTED_BY=root
  assert notified m ESS_HOST=m
  assert_fails machine_run m test -e /run/pwned

  reset_in_time m
  echo 'NOTIFY_COMMAND="exit 7"' | machine_write m /etc/quantum/notify.env
  tripped_in_time m 2
  assert_soon 15 "the hook has failed" failed_unit m quantum-ess-notify
}

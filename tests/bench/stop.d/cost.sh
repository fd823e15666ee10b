# shellcheck shell=bash
# What essd costs while nothing happens, how soon it is ready, and what its status costs, by the number of units that the
# allow-list names. Sourced by tests/bench/stop.

COST_SECONDS=20
COST_STARTS=5
COST_CALLS=50

# costs COUNT...
costs() {
  local units
  for units; do
    say "cost with $units units, load average $(cut -d ' ' -f 1 /proc/loadavg)"
    allow_idle "$units" || fail_round essd_0
    cost_of_start "$units"
    wait_until "$START_SECONDS" ess_is armed || fail_round essd_0
    cost_of_waiting "$units"
    cost_of_status "$units"
    clear_units ess || fail_round essd_0
  done
}

# allow_idle COUNT: units that do nothing, each with a rule of its own, and running.
allow_idle() {
  { echo "units:" && name_units '  - bench-idle@' "$1"; } | machine_write ess /etc/quantum/ess.yaml
  MACHINE_RUN_SECONDS=$START_SECONDS machine_run ess systemctl daemon-reload || return 1
  MACHINE_RUN_SECONDS=$START_SECONDS machine_run ess systemctl restart essd || return 1
  wait_until "$START_SECONDS" ess_is armed || return 1
  name_units bench-idle@ "$1" | MACHINE_RUN_SECONDS=$START_SECONDS machine_run ess xargs systemctl start
}

# From the process's start to its READY=1, by systemd's own clock.
cost_of_start() {
  local i begun ready
  for ((i = 0; i < COST_STARTS; i++)); do
    machine_run ess systemctl reset-failed essd
    MACHINE_RUN_SECONDS=$START_SECONDS machine_run ess systemctl restart essd
    begun=$(essd_property ExecMainStartTimestampMonotonic)
    ready=$(essd_property ActiveEnterTimestampMonotonic)
    figure cost "$1" start "$((ready - begun))"
  done
}

essd_property() { machine_run ess systemctl show --property="$1" --value essd; }

# Of all its threads: times slept (each is a wakeup), processor time in ns; and resident memory in KiB.
essd_counts() {
  # shellcheck disable=SC2016  # expanded by the machine's shell
  machine_run ess sh -c 'cd "/proc/$1" && cat task/*/status | awk "/^voluntary/ { n += \$2 } END { print n }" &&
    cat task/*/schedstat | awk "{ n += \$1 } END { printf \"%.0f\n\", n }" && awk "/^VmRSS/ { print \$2 }" status' sh "$1"
}

# Once more than the time in which it looks at everything (60 s) is not needed: the slow look is every 250 ms.
cost_of_waiting() {
  local pid before after
  pid=$(essd_property MainPID)
  # Not what is left of its start, which it has given back after 10 s.
  sleep 12
  mapfile -t before < <(essd_counts "$pid")
  sleep "$COST_SECONDS"
  mapfile -t after < <(essd_counts "$pid")
  figure cost "$1" wakeups_a_second "$(ratio "$((after[0] - before[0]))" "$COST_SECONDS")"
  figure cost "$1" cpu_us_a_second "$(ratio "$((after[1] - before[1]))" "$((COST_SECONDS * 1000))")"
  figure cost "$1" resident_kib "${after[2]}"
}

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f\n", a / b }'; }

# Bare calls over one connection, so what essd takes; and the command that people type.
cost_of_status() {
  local pid before after ms bytes size since i
  pid=$(essd_property MainPID)
  mapfile -t before < <(essd_counts "$pid")
  while read -r ms bytes; do
    figure cost "$1" status_ms "$ms"
    size=$bytes
  done < <(machine_run ess "$PROBE" status /run/quantum-ess/control "$COST_CALLS")
  mapfile -t after < <(essd_counts "$pid")
  figure cost "$1" status_cpu_us "$(ratio "$((after[1] - before[1]))" "$((COST_CALLS * 1000))")"
  figure cost "$1" status_bytes "$size"
  for ((i = 0; i < 5; i++)); do
    since=${EPOCHREALTIME/./}
    machine_run ess essctl status --json >/dev/null || true
    figure cost "$1" essctl_status_us "$((${EPOCHREALTIME/./} - since))"
  done
}

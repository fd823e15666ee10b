# shellcheck shell=bash
# The two machines of tests/bench/stop and what they run: `old` has no essd, `ess` has; the same units in both.
# Sourced after tests/system/machine.sh.

PROBE=/usr/local/bin/bench-probe
# The units NAME0.service, NAME1.service, ... of this template; category 0 and category 1 of the allow-list in `ess`.
KILLED=bench-killed@
STOPPED=bench-stopped@
CGROUPS=/sys/fs/cgroup/system.slice
LATCH_OLD=/run/bench/LATCH
LATCH_ESS=/run/quantum/ESS_ON
# systemd's own is 90 s. This one is far more than a unit that obeys needs, and lets a benchmark end.
STOP_TIMEOUT=2s
# Where nothing stops a unit, a round ends all the same; what had not stopped by then is said.
limit=60
# For units to start, for essd to be done: only a hang is longer.
START_SECONDS=180
# More for the resident process of the kernel limit.
resident=()

# unit_into NAME FILE: standard input becomes a unit file.
unit_into() { cat >"$(machine_root "$1")/etc/systemd/system/$2"; }

bench_units() {
  local template
  install -D -m 755 "$MACHINE_BINARIES/tests/bench_stop_probe" "$(machine_root "$1")$PROBE"
  for template in "$KILLED" "$STOPPED"; do
    unit_into "$1" "$template.service" <<UNIT
[Unit]
StartLimitIntervalSec=0
[Service]
ExecStart=$PROBE beat %i
TimeoutStopSec=$STOP_TIMEOUT
UNIT
  done
  # Runs, and does nothing: for what essd costs when nothing happens.
  unit_into "$1" bench-idle@.service <<UNIT
[Service]
ExecStart=sleep infinity
UNIT
}

# The shell controller: a path unit starts a script that stops one unit after the other.
machine_old() {
  local root
  ESS_STAGE='' machine_create old || return 1
  root=$(machine_root old)
  bench_units old
  unit_into old bench-controller.path <<UNIT
[Path]
PathExists=$LATCH_OLD
UNIT
  # The script takes the latch away at its end: a path unit whose file stays starts it again and again.
  unit_into old bench-controller.service <<UNIT
[Unit]
StartLimitIntervalSec=0
[Service]
Type=oneshot
ExecStart=/usr/local/bin/bench-controller
UNIT
  cat >"$root/usr/local/bin/bench-controller" <<SCRIPT
#!/bin/sh
while read -r unit; do systemctl stop "\$unit"; done </run/bench/units
rm -f $LATCH_OLD
SCRIPT
  chmod 755 "$root/usr/local/bin/bench-controller"
  machine_install old && machine_boot old && machine_run old mkdir -p /run/bench
}

machine_ess() {
  machine_create ess || return 1
  bench_units ess
  install -d "$(machine_root ess)/etc/quantum"
  cat >"$(machine_root ess)/etc/quantum/ess.yaml" <<YAML
units:
  - {name: "$KILLED*.service", category: 0}
  - {name: "$STOPPED*.service", category: 1}
YAML
  machine_install ess && machine_boot ess && wait_until 10 ess_is armed
}

ess_is() { [[ $(machine_run ess essctl status --json 2>/dev/null | jq -r .state) == "$1" ]]; }

# name_units TEMPLATE COUNT
name_units() { seq --format="$1%.0f.service" 0 $(($2 - 1)); }

# start_units NAME TEMPLATE COUNT BEAT-US DEAF: all of them running and beating.
start_units() {
  local name=$1 template=$2 count=$3
  machine_run "$name" "$PROBE" prepare "$count" "$4" "$5" || return 1
  name_units "$template" "$count" | machine_run "$name" xargs systemctl start --no-block || return 1
  MACHINE_RUN_SECONDS=$START_SECONDS machine_run "$name" "$PROBE" await "$START_SECONDS" && wait_until "$START_SECONDS" no_jobs "$name"
}

no_jobs() { [[ $(machine_run "$1" systemctl list-jobs --no-legend 2>&1) == @(|'No jobs running.'*) ]]; }

none_left() { [[ -z $(machine_run "$1" systemctl list-units --no-legend --state=active,activating,deactivating 'bench-*@*') ]]; }

# clear_units NAME: whatever the round has left of them is gone, and systemd has nothing to do.
clear_units() {
  machine_run "$1" systemctl kill --signal=KILL 'bench-*@*' 2>/dev/null || true
  wait_until "$START_SECONDS" none_left "$1" && wait_until "$START_SECONDS" no_jobs "$1" || return 1
  machine_run "$1" systemctl reset-failed 'bench-*' 2>/dev/null || true
}

# --- the five ways ----------------------------------------------------------------------------------------------------

# round METHOD COUNT BEAT-US DEAF SPIN: prints the milliseconds to the last beat, and how many still beat at the limit.
round() { "round_$1" "${@:2}"; }

# The probe itself keeps to its limit.
measure() { MACHINE_RUN_SECONDS=$((limit + 60)) machine_run "$1" "$PROBE" round --limit "$limit" --spin "$spin" "${@:2}"; }

round_shell() {
  local spin=$4
  start_units old "$KILLED" "$1" "$2" "$3" || return 1
  name_units "$KILLED" "$1" | machine_write old /run/bench/units
  machine_run old systemctl start bench-controller.path
  measure old touch "$LATCH_OLD" || return 1
  machine_run old systemctl stop bench-controller.path bench-controller.service
  machine_run old rm -f "$LATCH_OLD"
  clear_units old
}

# Called at the moment of the latch: nothing has to see it first.
round_systemctl() {
  local spin=$4 units
  start_units old "$KILLED" "$1" "$2" "$3" || return 1
  mapfile -t units < <(name_units "$KILLED" "$1")
  measure old run systemctl stop "${units[@]}" || return 1
  clear_units old
}

round_kernel() {
  local spin=$4
  start_units old "$KILLED" "$1" "$2" "$3" || return 1
  measure old --resident "$(killed_cgroups)" "${resident[@]}" touch "$LATCH_OLD" || return 1
  machine_run old rm -f "$LATCH_OLD"
  clear_units old
}

# The instances of a template have a slice of their own.
killed_cgroups() { echo "$CGROUPS/system-$(systemd-escape "${KILLED%@}").slice/$KILLED"; }

round_essd_0() { round_essd "$KILLED" "$@"; }
round_essd_1() { round_essd "$STOPPED" "$@"; }

round_essd() {
  local spin=$5
  start_units ess "$1" "$2" "$3" "$4" || return 1
  wait_until "$START_SECONDS" ess_is armed || return 1
  measure ess touch "$LATCH_ESS" || return 1
  wait_until "$START_SECONDS" ess_is tripped || return 1
  machine_run ess essctl reset --reason benchmark >/dev/null || return 1
  wait_until "$START_SECONDS" ess_is armed && clear_units ess
}

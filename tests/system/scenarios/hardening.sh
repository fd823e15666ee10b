# shellcheck shell=bash
# What an essd that was taken over could not do: the unit file, as systemd applies it. That the stop works under it is shown
# by every other scenario.

# shellcheck source=tests/system/hard_cases.sh
source "$MACHINE_SOURCE/tests/system/hard_cases.sh"

# of systemd-analyze security, 0 to 10. What is left is argued line by line in units/essd.service.
EXPOSURE_LIMIT=1.9

# the exposure that systemd itself computes is what the unit file argues for, and no more
scenario_exposure() {
  local said
  start_armed m
  said=$(machine_run m systemd-analyze security --no-pager essd.service | tail -n 1)
  assert_match "$said" 'exposure level for essd.service: ([0-9.]+)' "the last line"
  echo "exposure ${BASH_REMATCH[1]}, at most $EXPOSURE_LIMIT"
  assert awk -v found="${BASH_REMATCH[1]}" -v limit="$EXPOSURE_LIMIT" 'BEGIN { exit !(found <= limit) }'
}

# the running process has five capabilities and no others, a filter of system calls, and cannot gain privileges; what it
# needs of them works: its memory is locked
scenario_process() {
  local pid text
  start_armed m
  pid=$(unit_pid m essd.service)
  text=$(machine_run m cat "/proc/$pid/status")
  # CAP_CHOWN 0, CAP_DAC_OVERRIDE 1, CAP_FOWNER 3, CAP_KILL 5, CAP_IPC_LOCK 14
  for set in CapEff CapPrm CapBnd; do assert_match "$text" "$set:"$'\t'"0{12}402b" "$set"; done
  assert_match "$text" $'VmLck:[\t ]*[1-9]' "locked memory"
  assert_match "$text" $'Seccomp:\t2' "filter of system calls"
  assert_match "$text" $'NoNewPrivs:\t1' "privileges"
}

# what essd has no business with is out of its reach: system files, homes, networks, devices, other programs' temporary files
scenario_out_of_reach() {
  local pid place
  start_armed m
  assert machine_run m touch /tmp/of-others
  pid=$(unit_pid m essd.service)
  within() { machine_run m nsenter --target "$pid" --mount "$@"; }
  for place in /etc /usr /boot /root /home /proc/sys/kernel; do
    assert_match "$(within touch "$place/x" 2>&1 || true)" 'Read-only file system|No such file|Permission denied' "writing to $place"
  done
  assert_fails within test -e /tmp/of-others
  assert_fails within test -e /dev/kmsg
  assert_ne "$(machine_run m readlink "/proc/$pid/ns/net")" "$(machine_run m readlink /proc/1/ns/net)" "its network"
  # What it needs is there.
  assert within test -w /sys/fs/cgroup/system.slice/quantum-vendor.service/cgroup.kill
  assert within test -w /run/quantum
}

# a directory that is mounted over the latch's while essd runs is seen by essd, too
scenario_mounts_reach_it() {
  local since
  start_armed m
  assert machine_run m mount -t tmpfs -o mode=1775 tmpfs /run/quantum
  assert_state m armed
  since=$(touch_latch m)
  assert_tripped m "$since"
  assert_entry m 1 SUCCESS "${TRADING[@]}"
}

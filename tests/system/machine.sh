# shellcheck shell=bash
# Throwaway machines with a real systemd: a booted container over an overlay, ready in about a second, gone without a
# trace. Needs root and nothing of the host but a kernel with cgroup v2 and overlayfs; runs with and without a systemd outside.
#
#   machine_begin; machine_trap          a working directory, and the promise to leave nothing behind
#   machine_start NAME [options]         create, install, set up, boot
#   machine_run NAME COMMAND...          its output and exit status
#   machine_stop NAME
#
# All state is in files below $MACHINES, so any process may stop what another one started.
export LC_ALL=C

MACHINE_SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
MACHINE_BUILD=${ESS_BUILD:-$MACHINE_SOURCE/build}
MACHINE_BINARIES=${ESS_BINARIES:-$MACHINE_BUILD/release}
MACHINE_BOOT_SECONDS=${MACHINE_BOOT_SECONDS:-30}
MACHINE_RUN_SECONDS=${MACHINE_RUN_SECONDS:-30}
# What a package enables at its installation, as far as it exists.
MACHINE_ENABLED=(essd.socket essd.service quantum-ess.path)

# shellcheck source=tests/system/wait.sh
source "$MACHINE_SOURCE/tests/system/wait.sh"
# shellcheck source=tests/system/root.sh
source "$MACHINE_SOURCE/tests/system/root.sh"

# --- the working directory --------------------------------------------------------------------------------------------

# Says why machines cannot run here; nothing if they can.
machine_obstacle() {
  local tool
  ((EUID == 0)) || { echo "machines need root" && return; }
  for tool in mmdebstrap systemd-nspawn nsenter findmnt flock; do
    command -v "$tool" >/dev/null || { echo "machines need $tool" && return; }
  done
  machine_cgroup_root >/dev/null || echo "machines need a cgroup v2 hierarchy that can be written to"
}

machine_cgroup_root() {
  local mounted
  mounted=$(findmnt --noheadings --types cgroup2 --options rw --output TARGET --first-only) && echo "$mounted"
}

# machine_begin: makes $MACHINES, the directory of this process's machines.
machine_begin() {
  mkdir -p "$MACHINE_BUILD/machines"
  machine_sweep
  MACHINES=$(mktemp -d "$MACHINE_BUILD/machines/XXXXXX")
  export MACHINES
  machine_own "$MACHINES"
  machine_can_overlay && return 0
  # An overlay cannot have its upper layer on another overlay, which is what a container's own root often is.
  mount -t tmpfs -o mode=755 tmpfs "$MACHINES" || return 1
  machine_own "$MACHINES"
  machine_can_overlay || { echo "cannot mount an overlay below $MACHINES" >&2 && return 1; }
}

machine_can_overlay() {
  local try=$MACHINES/try result=1
  mkdir -p "$try"/{lower,upper,work,root}
  if mount -t overlay -o "lowerdir=$try/lower,upperdir=$try/upper,workdir=$try/work" overlay "$try/root" 2>/dev/null; then
    umount "$try/root"
    result=0
  fi
  rm -rf --one-file-system "$try"
  return "$result"
}

# However the caller ends, its machines end with it.
machine_trap() {
  trap machine_end EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

machine_end() {
  local status=$?
  trap '' INT TERM
  machine_remove_all "$MACHINES"
  return "$status"
}

machine_remove_all() {
  local directory
  [[ -d $1 ]] || return 0
  for directory in "$1"/*/; do
    if [[ -d $directory ]]; then machine_remove "${directory%/}"; fi
  done
  if mountpoint -q "$1"; then umount -l "$1"; fi
  rm -rf --one-file-system "$1"
}

# machine_own DIRECTORY: as long as this process lives, it is not to be swept away. In another PID namespace (a container
# that shares the directory) the number would mean nothing, so the namespace is part of it.
machine_own() { echo "$(process_stamp $$) $(readlink /proc/self/ns/pid)" >"$1/owner"; }

# What a killed run left behind, if its owner is gone.
machine_sweep() {
  local left pid start namespace
  for left in "$MACHINE_BUILD"/machines/*/; do
    { read -r pid start namespace <"$left/owner"; } 2>/dev/null || continue
    if [[ $namespace == "$(readlink /proc/self/ns/pid)" ]] && process_ended "$pid $start"; then
      machine_remove_all "${left%/}"
    fi
  done
}

# --- before the boot --------------------------------------------------------------------------------------------------

machine_dir() { echo "$MACHINES/$1"; }
machine_root() { echo "$MACHINES/$1/root"; }
# Its name on the host, for nspawn and for its cgroup: two runs may use the same NAME.
machine_host_name() {
  local above=${1%/*}
  echo "quantum-ess-${1##*/}-${above##*/}"
}

# machine_create NAME: the file system. $ESS_ROOT is the minimal Debian, $ESS_STAGE the staged installation.
machine_create() {
  local directory lower
  directory=$(machine_dir "$1")
  [[ ! -e $directory ]] || { echo "there is a machine $1 already" >&2 && return 1; }
  lower=${ESS_ROOT:=$(make_root bookworm)}
  [[ -z ${ESS_STAGE:-} ]] || lower=$ESS_STAGE:$lower
  mkdir -p "$directory"/{upper,work,root}
  : >"$directory/console"
  mount -t overlay -o "lowerdir=$lower,upperdir=$directory/upper,workdir=$directory/work" overlay "$directory/root" || return 1
  # Without an id of its own systemd takes this for the first boot and enables every unit there is.
  systemd-id128 new >"$directory/root/etc/machine-id"
  echo "$1" >"$directory/root/etc/hostname"
  # A journal that outlives a reboot and a dead machine, and that drops nothing.
  mkdir -p "$directory/root/var/log/journal" "$directory/root/etc/systemd/journald.conf.d"
  printf '[Journal]\nRateLimitIntervalSec=0\n' >"$directory/root/etc/systemd/journald.conf.d/all.conf"
}

# machine_stage DIRECTORY: the staged installation, as a package would carry it.
machine_stage() {
  DESTDIR=$1 cmake --install "$MACHINE_BINARIES" >/dev/null
}

# machine_install NAME: what the package's scripts do, so that the first boot is armed already.
machine_install() {
  local root=$MACHINES/$1/root unit enabled=()
  if [[ -f $root/usr/lib/sysusers.d/quantum-ess.conf ]]; then
    systemd-sysusers --root="$root" quantum-ess.conf 2>/dev/null || return 1
  fi
  if [[ -f $root/usr/lib/tmpfiles.d/quantum-ess.conf ]]; then
    systemd-tmpfiles --root="$root" --create --exclude-prefix=/run --exclude-prefix=/dev quantum-ess.conf || return 1
  fi
  machine_libraries "$root" || return 1
  for unit in "${MACHINE_ENABLED[@]}"; do
    [[ ! -f $root/usr/lib/systemd/system/$unit ]] || enabled+=("$unit")
  done
  ((!${#enabled[@]})) || systemctl --root="$root" --quiet enable "${enabled[@]}"
}

# machine_libraries ROOT: the libraries that essd was built against, where the machine's Debian is a newer one and has only
# their successors. Their names differ, so nothing of the machine's own is replaced.
machine_libraries() {
  local program library missing=0
  for program in "$1"/usr/sbin/essd "$1"/usr/bin/essctl "$1"/usr/lib/systemd/system-generators/quantum-ess-generator; do
    [[ -x $program ]] || continue
    while read -r library; do
      [[ ! -e $1$library && ! -e $1/usr/local/lib/${library##*/} ]] || continue
      install -D -m 644 "$library" "$1/usr/local/lib/${library##*/}" && missing=1
    # As ldd does, without its shell.
    done < <(LD_TRACE_LOADED_OBJECTS=1 "$program" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p')
  done
  ((!missing)) || ldconfig -r "$1"
}

# machine_platform NAME: the trading services under test, and the monitoring.
machine_platform() {
  local root units=$MACHINE_SOURCE/tests/system/units
  root=$(machine_root "$1")
  install -D -m 755 "${ESS_HEARTBEAT:-$MACHINE_BINARIES/tests/heartbeat}" "$root/usr/local/bin/heartbeat"
  install -d "$root/etc/systemd/system" "$root/usr/lib/systemd/system"
  install -m 644 "$units"/*.service "$root/etc/systemd/system"
  mv "$root/etc/systemd/system/quantum-vendor.service" "$root/usr/lib/systemd/system"
}

# machine_allow NAME: the five trading services on the allow-list.
machine_allow() {
  local root
  root=$(machine_root "$1")
  install -D -m 644 "$MACHINE_SOURCE/tests/system/units/ess.yaml" "$root/etc/quantum/ess.yaml"
}

# --- boot, reboot, stop -----------------------------------------------------------------------------------------------

# machine_start NAME [--no-allow-list] [--enable UNIT] [--nspawn ARGUMENT]...
machine_start() {
  local name=$1 allow=1 enable=() nspawn=()
  shift
  while (($#)); do
    case $1 in
      --no-allow-list) allow=0 && shift ;;
      --enable) enable+=("$2") && shift 2 ;;
      --nspawn) nspawn+=("$2") && shift 2 ;;
      *) echo "machine_start: what is $1?" >&2 && return 1 ;;
    esac
  done
  machine_create "$name" || return 1
  machine_platform "$name" || return 1
  ((!allow)) || machine_allow "$name"
  machine_install "$name" || return 1
  ((!${#enable[@]})) || systemctl --root="$(machine_root "$name")" --quiet enable "${enable[@]}" || return 1
  machine_boot "$name" "${nspawn[@]}"
}

# machine_boot NAME [ARGUMENT...]: returns when systemd says that it is up. In the network namespace that the file 'network'
# names, else in one of its own.
machine_boot() {
  local name=$1 directory cgroup network=--private-network
  shift
  directory=$(machine_dir "$name")
  : >"$directory/arguments"
  ((!$#)) || printf '%s\n' "$@" >"$directory/arguments"
  rm -f "$directory/leader"
  if [[ -f $directory/network ]]; then network=--network-namespace-path=$(<"$directory/network"); fi
  cgroup=$(machine_cgroup_root)/$(machine_host_name "$directory")
  mkdir -p "$cgroup" || return 1
  (
    # Each machine below a cgroup of its own: two of them must not share one tree, and it can be killed as a whole.
    # In a session of its own: what is sent to this process group must not shut down the machine before it was asked.
    echo "$BASHPID" >"$cgroup/cgroup.procs"
    exec env SYSTEMD_NSPAWN_UNIFIED_HIERARCHY="${MACHINE_UNIFIED:-1}" setsid systemd-nspawn --directory="$directory/root" --boot --register=no \
      --keep-unit --kill-signal=SIGRTMIN+3 --machine="$(machine_host_name "$directory")" --hostname="$name" --settings=no \
      --link-journal=no --resolv-conf=off --timezone=off "$network" --capability=CAP_IPC_LOCK "$@"
  ) </dev/null > >(exec setsid cat >>"$directory/console") 2>&1 &
  process_stamp $! >"$directory/nspawn" || true
  machine_wait_up "$name"
}

# The machine's PID 1: the child of nspawn that is number 1 in its own namespace.
machine_find_leader() {
  local child children=() status=''
  { read -ra children <"/proc/$1/task/$1/children" || true; } 2>/dev/null
  for child in "${children[@]}"; do
    { IFS= read -rd '' status <"/proc/$child/status" || true; } 2>/dev/null
    [[ $status =~ NSpid:[^$'\n']*[[:space:]]1$'\n' ]] && process_stamp "$child" && return 0
  done
  return 1
}

machine_wait_up() {
  if ! wait_until "$MACHINE_BOOT_SECONDS" machine_is_settled "$1"; then
    machine_complain "$1" "the machine $1 did not come up within $MACHINE_BOOT_SECONDS s"
    return 1
  fi
  machine_is_up "$1" || { machine_complain "$1" "the machine $1 ended while it booted" && return 1; }
}

machine_is_settled() {
  local directory=$MACHINES/$1 nspawn
  read -r nspawn <"$directory/nspawn"
  process_alive "$nspawn" || return 0
  machine_find_leader "${nspawn%% *}" >"$directory/leader" && machine_is_up "$1"
}

# A unit that failed (degraded) is for the scenario to judge.
machine_is_up() {
  [[ $(MACHINE_RUN_SECONDS=5 machine_run "$1" systemctl is-system-running 2>/dev/null) == @(running|degraded) ]]
}

machine_is_alive() {
  local leader
  { read -r leader <"$MACHINES/$1/leader"; } 2>/dev/null && process_alive "$leader"
}

# machine_reboot NAME [--force]: through its systemd, with the machine's own /run gone as after any reboot.
machine_reboot() {
  local name=$1 directory arguments
  shift
  directory=$(machine_dir "$name")
  machine_run "$name" systemctl "$@" reboot || true
  if ! wait_until "$MACHINE_BOOT_SECONDS" process_ended "$(<"$directory/nspawn")"; then
    machine_complain "$name" "the machine $name did not go down within $MACHINE_BOOT_SECONDS s"
    return 1
  fi
  # With --keep-unit nspawn leaves it to its caller to begin again.
  mapfile -t arguments <"$directory/arguments"
  machine_boot "$name" "${arguments[@]}"
}

# machine_cut NAME: the power goes. machine_boot starts it again on the same disk.
machine_cut() { machine_kill "$(machine_dir "$1")"; }

machine_kill() {
  local leader='' nspawn='' cgroup
  if [[ -f $1/leader ]]; then leader=$(<"$1/leader"); fi
  if [[ -f $1/nspawn ]]; then nspawn=$(<"$1/nspawn"); fi
  # nspawn ends by itself once its PID 1 has, and takes away what it made on the host.
  if process_alive "$leader"; then kill -KILL "${leader%% *}" 2>/dev/null || true; fi
  if process_alive "$leader" && process_alive "$nspawn"; then wait_until 5 process_ended "$nspawn" || true; fi
  cgroup=$(machine_cgroup_root)/$(machine_host_name "$1")
  if [[ -d $cgroup ]]; then echo 1 >"$cgroup/cgroup.kill"; fi
  wait_until 5 process_ended "$nspawn" || echo "nspawn of $1 does not end" >&2
}

machine_stop() { machine_remove "$(machine_dir "$1")"; }

# Everything of one machine: processes, mounts, cgroups, files.
machine_remove() {
  machine_kill "$1"
  if mountpoint -q "$1/root"; then wait_until 2 umount "$1/root" 2>/dev/null || umount -l "$1/root" || true; fi
  machine_remove_cgroups "$(machine_host_name "$1")"
  # nspawn leaves this one to the tmpfs that /run is on most hosts, but not on all.
  if [[ -d /run/systemd/nspawn/propagate/$(machine_host_name "$1") ]]; then
    rmdir "/run/systemd/nspawn/propagate/$(machine_host_name "$1")" || true
  fi
  rm -rf --one-file-system "$1"
}

# nspawn mirrors its tree into the older hierarchies where a host has them.
machine_remove_cgroups() {
  local tree
  for tree in "$(machine_cgroup_root)/$1" /sys/fs/cgroup/*/"$1"; do
    if [[ -d $tree ]]; then wait_until 2 machine_rmdir_tree "$tree" || echo "cgroup $tree stays" >&2; fi
  done
}

machine_rmdir_tree() {
  find "$1" -depth -type d -exec rmdir {} + 2>/dev/null || true
  [[ ! -d $1 ]]
}

# --- inside -----------------------------------------------------------------------------------------------------------

machine_nsenter() {
  local leader
  read -r leader _ <"$MACHINES/$1/leader" || return 1
  # -i: nothing of this shell's environment is meant for the machine.
  env -i TERM="${TERM:-dumb}" LC_ALL=C.UTF-8 HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    nsenter --target "$leader" --all "${@:2}"
}

# machine_run NAME COMMAND...: 124 when it takes longer than MACHINE_RUN_SECONDS. In the foreground: all of it stays in this
# process group, so that what ends this shell ends the command too.
machine_run() { machine_nsenter "$1" timeout --foreground --kill-after=5 "$MACHINE_RUN_SECONDS" "${@:2}"; }

machine_shell() { machine_nsenter "$1" bash --login; }

# machine_copy_in NAME FILE PATH, machine_copy_out NAME PATH FILE. By a pipe, never by /proc/PID/root: there the machine's
# absolute links (/var/run) would lead into the host.
machine_copy_in() {
  local mode
  mode=$(stat -c %a "$2") || return 1
  # shellcheck disable=SC2016  # expanded by the machine's shell
  machine_run "$1" sh -c 'mkdir -p "${1%/*}" && cat >"$1" && chmod "$2" "$1"' sh "$3" "$mode" <"$2"
}

machine_copy_out() { machine_run "$1" cat "$2" >"$3"; }

# machine_write NAME PATH: what comes on standard input.
machine_write() {
  # shellcheck disable=SC2016  # expanded by the machine's shell
  machine_run "$1" sh -c 'mkdir -p "${1%/*}" && cat >"$1"' sh "$2"
}

# machine_journal NAME [ARGUMENT...]: also of a machine that has ended.
machine_journal() {
  local name=$1
  shift
  if ! machine_is_alive "$name" || ! machine_run "$name" journalctl --no-pager --quiet "$@"; then
    journalctl --no-pager --quiet --directory="$(machine_root "$name")/var/log/journal" "$@"
  fi
}

# machine_complain NAME TEXT: the text, and what the machine has to say about it.
machine_complain() {
  echo "$2"
  echo "--- the last lines of the console of $1:"
  tail -n 15 "$(machine_dir "$1")/console" | sed 's/\x1b\[[0-9;?]*[a-zA-Z]//g; s/\r$//'
  echo "--- the last lines of its journal:"
  machine_journal "$1" --lines="${MACHINE_JOURNAL_LINES:-40}" --output=short-precise || true
} >&2

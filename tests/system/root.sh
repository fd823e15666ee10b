# shellcheck shell=bash
# The minimal Debian that machines are laid over, and the one with a compiler that tests/system/trixie builds in: made once
# per kind and package list, then only read. Sourced by machine.sh.

# What essd links against, beside the system itself; the rest are for scenarios (Redis for the hooks, etcd's client for
# the fleet) and people.
root_packages() {
  local common=systemd,systemd-sysv,dbus,inotify-tools,jq,procps,openssl,openssh-client,libyaml-0-2,libsystemd0
  local build=g++,cmake,ninja-build,pkg-config,libsystemd-dev,libsdbus-c++-dev,libspdlog-dev,nlohmann-json3-dev
  common+=,redis-server,redis-tools,etcd-client
  case $1 in
    bookworm) echo "$common,libsdbus-c++1,libspdlog1.10,libfmt9,libssl3" ;;
    trixie) echo "$common,libsdbus-c++2,libspdlog1.15,libfmt10,libssl3t64" ;;
    # what scripts/install-build-deps has for a build, and what test_core and test_host run
    trixie-build)
      echo "$build,libssl-dev,libyaml-dev,libcli11-dev,libexpected-dev,doctest-dev,git,jq,openssl,openssh-client,procps"
      ;;
    *) echo "no package list for the suite '$1'" >&2 && return 1 ;;
  esac
}

# Services and timers of a real host that would only run into the measurements.
root_quiet_units() {
  printf '%s\n' apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
    e2scrub_reap.service systemd-tmpfiles-clean.timer console-getty.service
}

# What would look for disks, terminals and keys that no machine has, at each boot and each reload.
root_quiet_generators() {
  printf 'systemd-%s-generator\n' cryptsetup debug getty gpt-auto hibernate-resume integritysetup rc-local ssh \
    system-update tpm2 veritysetup
}

# make_root [KIND]: a suite, or SUITE-build. Prints the directory; builds it if it is not there. Two callers at once build
# it once.
make_root() {
  local suite=${1:-bookworm} packages key root lock
  packages=$(root_packages "$suite") || return 1
  key=$({ echo "$packages" && root_quiet_units && root_quiet_generators; } | sha256sum | cut -c1-12)
  root=$MACHINE_BUILD/roots/$suite-$key
  mkdir -p "$MACHINE_BUILD/roots"
  [[ -d $root ]] && echo "$root" && return 0
  exec {lock}>"$MACHINE_BUILD/roots/lock"
  flock "$lock"
  [[ -d $root ]] || root_build "$suite" "$packages" "$root" || { exec {lock}>&- && return 1; }
  exec {lock}>&-
  echo "$root"
}

# Half a root must never be taken for a whole one: it gets its name when it is complete.
root_build() {
  local suite=$1 packages=$2 root=$3 new log
  new=$(mktemp -d "$MACHINE_BUILD/roots/.new.XXXXXX")
  log=$new.log
  echo "making a minimal $suite for the machines, once (about 30 s)" >&2
  if ! mmdebstrap --variant=minbase --include="$packages" "${suite%-build}" "$new" >"$log" 2>&1; then
    echo "mmdebstrap could not make a minimal $suite:" >&2
    tail -n 30 "$log" >&2
    rm -rf --one-file-system "$new" "$log"
    return 1
  fi
  root_quiet_units | xargs systemctl --root="$new" mask >/dev/null 2>&1
  mkdir -p "$new/etc/systemd/system-generators"
  root_quiet_generators | while read -r name; do ln -s /dev/null "$new/etc/systemd/system-generators/$name"; done
  # Only where a scenario starts it.
  systemctl --root="$new" --quiet disable redis-server.service 2>/dev/null || true
  chmod 755 "$new"
  mv -T "$new" "$root"
  rm -f "$log"
}

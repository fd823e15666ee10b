# shellcheck shell=bash
# For scenarios with units of their own making: put into a machine before it boots, and judged after a trip.
# Sourced by scenario files, after assert.sh.

export BEAT=/usr/local/bin/heartbeat
export STATE=/var/lib/quantum-ess
# For units of category 0: far more than the kernel needs, far less than any grace.
export IMMEDIATE_MS=100

# prepare NAME: all of a machine but its boot, so that a scenario can add to it.
prepare() {
  needs_essd
  machine_create "$1" || fail "no machine"
  machine_platform "$1" || fail "no platform"
  machine_allow "$1"
}

# boot_armed NAME [NSPAWN-ARGUMENT...]
boot_armed() {
  machine_install "$1" || fail "no installation"
  machine_boot "$@" || fail "no machine"
  assert_state "$1" armed
}

# as NAME WHO COMMAND...
as() { machine_run "$1" setpriv --reuid="$2" --regid="$2" --init-groups env HOME="/home/$2" "${@:3}"; }

# unit_file NAME UNIT LINE...: a unit file of these lines.
unit_file() {
  local file
  file=$(machine_root "$1")/etc/systemd/system/$2
  shift 2
  printf '%s\n' "$@" >"$file"
}

# service NAME UNIT LINE...: a service of these lines, in [Service] unless they say otherwise.
service() { unit_file "$1" "$2.service" '[Service]' "${@:3}"; }

# beating NAME UNIT [LINE...]: a service that beats and says when it is up, with these lines besides.
beating() { service "$1" "$2" Type=notify "ExecStart=$BEAT $2" "${@:3}"; }

# program NAME FILE: standard input becomes /usr/local/bin/FILE.
program() {
  local file
  file=$(machine_root "$1")/usr/local/bin/$2
  cat >"$file"
  chmod 755 "$file"
}

# allow NAME UNIT [OPTION]: on the allow-list, with an option such as 'category: 0'.
allow() { configure "$1" "50-${2//[^a-z0-9-]/_}" $'units:\n  - '"{name: \"$2\"${3:+, $3}}"; }

# configure NAME FILE TEXT: a drop-in to the configuration.
configure() {
  local directory
  directory=$(machine_root "$1")/etc/quantum/ess.d
  mkdir -p "$directory"
  echo "$3" >"$directory/$2.yaml"
}

# trading NAME UNIT [LINE...]: on the allow-list, and it beats.
trading() {
  beating "$@"
  allow "$1" "$2"
}

# deaf NAME UNIT [LINE...]: the same, and only the kernel can end it in time.
deaf() {
  service "$1" "$2" Type=notify "ExecStart=$BEAT --ignore-sigterm $2" "${@:3}"
  allow "$1" "$2"
}

# start_beating NAME UNIT...: started, and seen to beat. Without waiting for systemd, which some of them never satisfy.
start_beating() {
  local name=$1 unit
  shift
  machine_run "$name" systemctl start --no-block "$@" || fail "cannot be started: $*"
  for unit; do assert_soon 10 "$unit beats" has_begun "$name" "$unit"; done
}

has_begun() { unit_beats "$1" "$2" 2>/dev/null; }

# --- a disk that hangs -------------------------------------------------------------------------------------------------

# disk_make NAME: an ext4 of its own for the state directory. Whatever happens to the scenario, it is thawed in the end:
# what writes to a frozen file system cannot be killed.
disk_make() {
  local directory=$MACHINES/$1
  truncate --size=16M "$directory.img" || fail "no image"
  mkfs.ext4 -q -E root_owner=0:0 "$directory.img" || fail "no ext4"
  mkdir -p "$directory"
  mount -o loop "$directory.img" "$directory" || skip "no loop device"
  trap 'disks_end' EXIT
  # For the case that this shell is killed. setsid: what ends its process group must not end this one.
  # shellcheck disable=SC2016  # expanded by that shell
  setsid sh -c 'tail --pid="$1" -f /dev/null; fsfreeze -u "$2" 2>/dev/null; umount -l "$2" 2>/dev/null' sh $$ "$directory" \
    >/dev/null 2>&1 </dev/null &
}

disks_end() {
  local status=$? directory
  set +e
  for directory in "$MACHINES"/disk*/; do
    fsfreeze -u "$directory" 2>/dev/null
    umount -l "$directory"
  done
  return_status "$status"
  end_scenario
}

return_status() { return "$1"; }

disk_freeze() { fsfreeze -f "$MACHINES/disk"; }
disk_thaw() { fsfreeze -u "$MACHINES/disk"; }

sleeps_in_the_kernel() { machine_run "$1" sh -c "ps -o stat= -p \$(paste -sd, /sys/fs/cgroup/system.slice/$2.service/cgroup.procs)" | grep -q '^D'; }

# --- after the trip ---------------------------------------------------------------------------------------------------

# The kernel's word, wherever the cgroup is.
is_dead() {
  local populated
  populated=$(machine_run "$1" find /sys/fs/cgroup -depth -type d -name "$2.service" \
    -exec grep -l 'populated 1' '{}/cgroup.events' ';' 2>/dev/null) || true
  [[ -z $populated ]]
}

assert_dead() {
  local name=$1 unit
  shift
  for unit; do is_dead "$name" "$unit" || fail "$unit still has processes"; done
}

all_dead() {
  local name=$1 unit
  shift
  for unit; do is_dead "$name" "$unit" || return 1; done
}

# silence_ms NAME NS UNIT: from NS to its last beat.
silence_ms() { echo $((($(last_beat_ns "$1" "$3") - $2) / 1000000)); }

# entries NAME KIND: of the ledger, oldest first. An entry that had to wait counts as what it is.
entries() {
  ledger_lines "$1" | jq -c --arg kind "$2" \
    'if .kind == "late" then .kind = .ess.kind | .ess = .ess.ess | .late = true else . end | select(.kind == $kind)'
}

has_trips() { [[ $(entries "$1" trip | wc -l) == "$2" ]]; }
has_resets() { [[ $(entries "$1" reset | wc -l) == "$2" ]]; }
last_trip() { entries "$1" trip | tail -n 1; }
first_trip() { entries "$1" trip | head -n 1; }

# entry_unit ENTRY UNIT FIELD: of the unit's timeline in an entry.
entry_unit() { jq -r --arg unit "$2.service" ".ess.units[] | select(.name == \$unit) | .$3" <<<"$1"; }

# assert_entry NAME COUNT OUTCOME UNIT...: so many trips, the last of this outcome, with a time in the limit for each unit.
assert_entry() {
  local name=$1 count=$2 outcome=$3 entry unit us
  shift 3
  assert_soon 10 "$count trips in the ledger" has_trips "$name" "$count"
  entry=$(last_trip "$name")
  assert_eq "$(jq -r .entry.outcome <<<"$entry")" "$outcome" "outcome ($(jq -c .ess.problems <<<"$entry"))"
  for unit; do
    assert_eq "$(entry_unit "$entry" "$unit" was_running)" true "$unit was running"
    us=$(entry_unit "$entry" "$unit" empty_us)
    assert_match "$us" '^[0-9]+$' "time of death of $unit"
    assert_below "$us" "$((STOP_LIMIT_MS * 1000))" "us until $unit was empty"
  done
}

# assert_held NAME NS UNIT...: tripped, silent in time, dead, masked, and recorded as a success.
assert_held() {
  local name=$1 since=$2
  shift 2
  assert_state "$name" tripped
  assert_silent_since "$name" "$since" "$@"
  assert_dead "$name" "$@"
  assert_masked "$name" "$@"
  assert_entry "$name" 1 SUCCESS "$@"
}

has_fault() { [[ $(status "$1" "any(.faults[]; .code == \"$2\")") == true ]]; }
has_no_errors() { [[ $(status "$1" 'any(.faults[]; .severity == "error")') == false ]]; }
is_masked() { unit_is "$1" "$2" LoadState masked; }

all_masked() {
  local unit
  for unit in "${TRADING[@]}"; do is_masked "$1" "$unit" || return 1; done
}

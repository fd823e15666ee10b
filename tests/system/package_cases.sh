# shellcheck shell=bash
# The Debian packages on machines of the Debian that they are for: installed, upgraded, removed and purged, armed and
# tripped. What scripts/package has made must be there. Sourced by scenarios/package12.sh and package13.sh.

KEPT=/var/lib/quantum-ess/kept-masks
LINKS=/etc/systemd/system.control

# --- machines and packages --------------------------------------------------------------------------------------------

# on RELEASE BODY: a scenario on machines of that Debian, without the staged installation that others have.
on() {
  local suite
  release=$1 stage=${ESS_STAGE:-}
  case $release in 12) suite=bookworm ;; 13) suite=trixie ;; esac
  # The newest, should there be several versions.
  package=$(find "$MACHINE_BUILD/packages/" -name "quantum-ess_*+deb${release}_*.deb" -printf '%T@ %p\n' 2>/dev/null |
    sort --numeric-sort | tail -n 1 | cut -d ' ' -f 2-) || true
  [[ -n $package ]] || fail "there is no package for Debian $release: scripts/package --suite $suite"
  ESS_ROOT=$(make_root "$suite")
  export ESS_ROOT ESS_STAGE=''
  "$2"
}

# bare NAME: a host with a platform and without an emergency stop; the package is in /root.
bare() {
  machine_create "$1" || fail "no machine"
  machine_platform "$1" || fail "no platform"
  cp "$package" "$(machine_root "$1")/root/quantum-ess.deb"
  machine_boot "$1" || fail "no boot"
}

# apt NAME ARGUMENT...: what it says, on both outputs. Nothing is asked, and nothing is fetched.
apt() {
  # shellcheck disable=SC2034  # machine_run reads it
  local name=$1 MACHINE_RUN_SECONDS=60
  shift
  machine_run "$name" env DEBIAN_FRONTEND=noninteractive apt-get --yes --quiet "$@" 2>&1 || fail "apt-get $* fails"
}

# installed NAME [VERSION]: armed by the package, its list edited, the platform running. VERSION: of an older build, which
# is the same one with another number.
installed() {
  local name=$1 file=/root/quantum-ess.deb
  bare "$name"
  if [[ -n ${2:-} ]]; then
    older "$2" "$(machine_root "$name")/root/older.deb"
    file=/root/older.deb
  fi
  apt "$name" install "$file" >/dev/null
  edit_list "$name"
  assert_state "$name" armed
  start_platform "$name"
}

edit_list() {
  machine_copy_in "$1" "$MACHINE_SOURCE/tests/system/units/ess.yaml" /etc/quantum/ess.yaml
  assert machine_run "$1" systemctl daemon-reload
  assert machine_run "$1" systemctl restart essd
}

# older VERSION FILE: the package as an earlier one.
older() {
  local tree=$MACHINES/older
  dpkg-deb --raw-extract "$package" "$tree"
  sed -i "s/^Version: .*/Version: $1/" "$tree/DEBIAN/control"
  dpkg-deb --root-owner-group -Zgzip -z1 --build "$tree" "$2" >/dev/null
  rm -r "$tree"
}

tripped() {
  local since
  installed "$@"
  since=$(touch_latch "$1")
  assert_tripped "$1" "$since"
}

# --- claims -----------------------------------------------------------------------------------------------------------

trading_pids() { for unit in "${TRADING[@]}" "$MONITORING"; do unit_pid "$1" "$unit"; done | paste -sd' '; }
essd_is_another() { [[ $(unit_pid "$1" essd) != "$2" ]]; }
trips() { ledger_lines "$1" | jq --slurp '[.[] | select(.kind == "trip")] | length'; }

# what a start says, however often it is tried, while a command runs: never that it succeeded
none_starts_during() {
  local name=$1 tries
  shift
  # shellcheck disable=SC2016  # expanded by the machine's shell
  machine_run "$name" sh -c 'n=0; until [ -e /run/over ]; do
    for unit; do if systemctl --no-block start "$unit" 2>/dev/null; then echo "$unit"; fi; done; n=$((n + 1)); done
    echo "tries $n"' sh "${TRADING[@]}" >"$MACHINES/tries" 2>&1 &
  "$@"
  machine_run "$name" touch /run/over
  wait $! || true
  tries=$(sed -n 's/^tries //p' "$MACHINES/tries")
  assert_above "${tries:-0}" 1 "rounds of starts"
  echo "$tries rounds of starts were tried meanwhile"
}

# silent_since NAME NS: not one beat of a trading process after that
silent_since() {
  local unit
  for unit in "${TRADING[@]}"; do assert_below "$(last_beat_ns "$1" "$unit")" "$2" "last beat of $unit"; done
}

assert_enabled() {
  local unit
  for unit in essd.service essd.socket quantum-ess.path quantum-ess-drill.timer; do
    assert machine_run "$1" systemctl --quiet is-enabled "$unit"
    assert machine_run "$1" systemctl --quiet is-active "$unit"
  done
}

# --- what they show ---------------------------------------------------------------------------------------------------

fresh() {
  local pids text
  bare m
  start_platform m
  pids=$(trading_pids m)
  apt m install /root/quantum-ess.deb
  assert_state m armed
  assert_enabled m
  assert_eq "$(trading_pids m)" "$pids" "PIDs of the platform"
  assert_eq "$(machine_run m stat -c '%a %U:%G' /run/quantum)" "1775 root:quantum-ess" /run/quantum
  assert_eq "$(machine_run m dpkg --verify quantum-ess)" "" "files that are not as packaged"
  # The shipped list has four of the five.
  text=$(machine_run m systemctl cat quantum-governor)
  assert_match "$text" AssertPathExists "the guard of a unit"
  assert machine_run m essctl check
  assert_soon 5 "the catalog is there" explained m
  edit_list m
  assert_state m armed
  assert_tripped m "$(touch_latch m)"
  assert_eq "$(machine_run m systemctl --failed --plain --no-legend | grep -v '^quantum-e' || true)" "" "failed units"
}

explained() { [[ $(machine_run "$1" journalctl --catalog --no-pager --unit=essd) == *"Subject: The emergency stop is armed"* ]]; }

# The trading units run on, the list stays, and a latch in the middle of it stops them all the same.
upgrade_armed() {
  local pids essd since upgrade
  installed m '0.0.1+before'
  pids=$(trading_pids m) essd=$(unit_pid m essd)
  apt m install /root/quantum-ess.deb
  assert_state m armed
  assert_enabled m
  assert_ne "$(unit_pid m essd)" "$essd" "PID of essd"
  assert_eq "$(trading_pids m)" "$pids" "PIDs of the platform"
  assert cmp --silent "$MACHINE_SOURCE/tests/system/units/ess.yaml" "$(machine_root m)/etc/quantum/ess.yaml"
  essd=$(unit_pid m essd)
  apt m install --reinstall /root/quantum-ess.deb >"$MACHINES/apt" &
  upgrade=$!
  assert_soon 30 "essd is being restarted" essd_is_another m "$essd"
  since=$(touch_latch m)
  wait "$upgrade" || fail "the upgrade fails: $(<"$MACHINES/apt")"
  assert_tripped m "$since"
  assert_eq "$(trips m)" 1 "trips on record"
}

# The files of Debian 13's package are where those of Debian 12 are, by another name: none of them is lost.
upgrade_of_debian() {
  local tree=$MACHINES/tree
  installed m
  dpkg-deb --raw-extract "$package" "$tree"
  [[ -d $tree/lib ]] || fail "no file is below /lib"
  sed -i 's/^Version: .*/&+moved/' "$tree/DEBIAN/control"
  cp --archive "$tree/lib/systemd/." "$tree/usr/lib/systemd/"
  rm -r "${tree:?}/lib"
  dpkg-deb --root-owner-group -Zgzip -z1 --build "$tree" "$MACHINES/moved.deb" >/dev/null
  machine_copy_in m "$MACHINES/moved.deb" /root/moved.deb
  apt m install /root/moved.deb
  assert_enabled m
  assert_state m armed
  # The list was edited, and is the only file that is another.
  assert_match "$(machine_run m dpkg --verify quantum-ess)" '^\?\?5\?+ c /etc/quantum/ess.yaml$' "files that are not as packaged"
  assert_tripped m "$(touch_latch m)"
}

upgrade_tripped() {
  local since
  tripped m '0.0.1+before'
  since=$(monotonic_ns m)
  none_starts_during m apt m install /root/quantum-ess.deb
  assert_state m tripped
  assert_masked m "${TRADING[@]}"
  assert_cannot_start m "${TRADING[@]}"
  silent_since m "$since"
  assert_eq "$(trips m)" 1 "trips on record"
  assert_chained m
  reset_latch m
  start_platform m
}

# A version that would not start with the configuration leaves the running one alone, and says so.
upgrade_refused() {
  local essd text
  installed m '0.0.1+before'
  essd=$(unit_pid m essd)
  machine_write m /etc/quantum/ess.d/typo.yaml <<<'interlok: none'
  text=$(machine_run m dpkg --install /root/quantum-ess.deb 2>&1) && fail "the upgrade succeeds"
  assert_match "$text" 'typo.yaml:1:.*interlok' "what dpkg says"
  assert_eq "$(unit_pid m essd)" "$essd" "PID of essd"
  assert_running m "${TRADING[@]}"
  machine_run m rm /etc/quantum/ess.d/typo.yaml
  assert machine_run m dpkg --configure quantum-ess
  assert_state m armed
}

remove_armed() {
  local pids text
  installed m
  pids=$(trading_pids m)
  text=$(apt m remove quantum-ess)
  assert_no_match "$text" 'can still be activated' "what apt says"
  assert_match "$text" 'nothing stops trading on this host any more' "what apt says"
  assert_eq "$(trading_pids m)" "$pids" "PIDs of the platform"
  assert_fails machine_run m test -e /usr/sbin/essd
  assert_fails machine_run m test -e /run/quantum-ess/armed
  # Which units were enabled is remembered until a purge, as Debian does it.
  assert_eq "$(machine_run m find /usr /run/systemd -name '*quantum-ess*' -o -name 'essd*')" "" "what is left of it"
  # Unguarded: a start is possible without a stop.
  assert machine_run m systemctl restart quantum-governor
  assert_running m "${TRADING[@]}"
  assert_eq "$(machine_run m systemctl --failed --plain --no-legend)" "" "failed units"
  apt m install /root/quantum-ess.deb >/dev/null
  assert_state m armed
  assert_enabled m
}

# Not one start, over a reboot, until somebody does what was said.
remove_tripped() {
  local since text
  tripped m
  since=$(monotonic_ns m)
  none_starts_during m apt m remove quantum-ess >"$MACHINES/apt"
  text=$(<"$MACHINES/apt")
  assert_match "$text" "sh $KEPT/lift" "what apt says"
  machine_run m systemctl daemon-reload
  assert_masked m "${TRADING[@]}"
  assert_cannot_start m "${TRADING[@]}"
  silent_since m "$since"
  machine_reboot m
  assert_masked m "${TRADING[@]}"
  assert_cannot_start m "${TRADING[@]}"
  assert machine_run m sh "$KEPT/lift"
  assert_stays 700 "nothing starts by itself" all_empty m
  start_platform m
  assert_fails machine_run m test -e "$KEPT"
  assert_eq "$(machine_run m find "$LINKS" /run/systemd/system -lname /dev/null -name 'quantum-*')" "" "masks that are left"
  apt m install /root/quantum-ess.deb >/dev/null
  assert_state m armed
}

# essd takes over from the links, although the latch was removed by hand, and although a unit is not on its list any more.
reinstall_tripped() {
  local text
  tripped m
  apt m remove quantum-ess >/dev/null
  assert_fails machine_run m sh "$KEPT/hand-over"
  none_starts_during m apt m install /root/quantum-ess.deb
  assert_state m tripped
  assert_masked m "${TRADING[@]}"
  assert_fails machine_run m test -e "$KEPT"
  assert_eq "$(machine_run m find "$LINKS" -lname /dev/null)" "" "masks that are left"
  assert_eq "$(trips m)" 1 "trips on record"
  apt m remove quantum-ess >/dev/null
  machine_run m rm -f "$LATCH" /var/lib/quantum-ess/latched
  machine_run m sed -i /quantum-governor/d /etc/quantum/ess.yaml
  text=$(apt m install /root/quantum-ess.deb)
  assert_match "$text" 'the emergency stop is set again' "what apt says"
  assert_match "$text" 'not on the allow-list any more.*: quantum-governor.service' "what apt says"
  assert_state m tripped
  assert_masked m "${TRADING[@]}"
  reset_latch m
  assert_masked m quantum-governor
  assert machine_run m sh -c "rm $LINKS/quantum-governor.service && systemctl daemon-reload"
  start_platform m
}

# The configuration goes, the evidence stays, and its chain goes on.
purge() {
  local text
  installed m
  text=$(apt m purge quantum-ess)
  assert_match "$text" 'are kept, in /var/lib/quantum-ess' "what apt says"
  assert_fails machine_run m test -e /etc/quantum
  assert_eq "$(machine_run m find /etc /run /usr -name '*quantum-ess*' -not -path '/run/systemd/*')" "" "what is left of it"
  assert_running m "${TRADING[@]}"
  apt m install /root/quantum-ess.deb >/dev/null
  edit_list m
  assert_state m armed
  assert_tripped m "$(touch_latch m)"
  assert_chained m
  apt m purge quantum-ess >/dev/null
  assert_masked m "${TRADING[@]}"
  assert machine_run m sh "$KEPT/lift"
  start_platform m
}

# A stop that is not complete needs essd: the package is not removed under it.
remove_during_a_stop() {
  local leader removal
  installed m
  leader=$(<"$(machine_dir m)/leader")
  kill -STOP "${leader%% *}"
  touch_latch m >/dev/null
  assert_state m tripping
  machine_run m dpkg --remove quantum-ess >"$MACHINES/dpkg" 2>&1 &
  removal=$!
  assert_soon 20 "dpkg says so" grep --quiet 'a stop is under way and not complete' "$MACHINES/dpkg"
  kill -CONT "${leader%% *}"
  if wait "$removal"; then fail "it is removed"; fi
  assert_state m tripped
  assert machine_run m test -x /usr/sbin/essd
  assert_masked m "${TRADING[@]}"
  assert_match "$(machine_run m dpkg --status quantum-ess)" $'\nStatus: deinstall ok installed\n' "what dpkg knows of it"
}

# --- the README -------------------------------------------------------------------------------------------------------

# block NAME: the commands of the README's block of that name, without their comments
block() {
  awk -v mark="<!-- run: $1 -->" '$0 == mark { found = 1 } found && /^```$/ { exit } inside { sub(/ +#.*/, ""); print } found && /^```sh$/ { inside = 1 }' \
    "$MACHINE_SOURCE/README.md"
}

# fresh_host NAME: with this tree at /root/quantum-ess as far as the commands need it, and a person at the editor
fresh_host() {
  local root
  machine_create "$1" || fail "no machine"
  machine_platform "$1" || fail "no platform"
  root=$(machine_root "$1")
  cp "$MACHINE_SOURCE/tests/system/units/ess.yaml" "$root/root/list"
  echo $'#!/bin/sh\ncat /root/list >"$1"' >"$root/usr/bin/editor"
  chmod 755 "$root/usr/bin/editor"
}

# follow NAME: the commands on standard input, each as a person types it
follow() {
  local line text
  while IFS= read -r line; do
    echo "\$ $line"
    text=$(MACHINE_RUN_SECONDS=60 machine_run "$1" bash -c "cd /root/quantum-ess && $line" </dev/null 2>&1) || fail "'$line' fails: $text"
    echo "$text"
  done
}

# The packages are there by the first command: they were built by scripts/package.
readme_package() {
  local commands
  fresh_host m
  mkdir -p "$(machine_root m)/root/quantum-ess/build"
  cp -r "$MACHINE_BUILD/packages" "$(machine_root m)/root/quantum-ess/build"
  machine_boot m || fail "no boot"
  commands=$(block package)
  assert_eq "${commands%%$'\n'*}" scripts/package "the first command"
  follow m < <(tail -n +2 <<<"$commands" | sed "s/deb12/deb$release/")
  assert_state m armed
  start_platform m
  assert_tripped m "$(touch_latch m)"
}

# What was built and installed by the first two commands is the staged installation.
readme_source() {
  local commands
  ESS_STAGE=$stage
  needs_essd
  fresh_host m
  mkdir -p "$(machine_root m)/root/quantum-ess"
  machine_libraries "$(machine_root m)" || fail "no libraries"
  machine_boot m || fail "no boot"
  commands=$(block source)
  assert_match "$(sed -n 2p <<<"$commands")" 'cmake --install build/release *$' "the second command"
  follow m < <(tail -n +3 <<<"$commands")
  assert_state m armed
  start_platform m
  assert_tripped m "$(touch_latch m)"
}

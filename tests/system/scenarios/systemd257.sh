# shellcheck shell=bash
# What differs between systemd 252 (Debian 12, where all other scenarios run) and 257 (Debian 13), on the latter: the guard,
# and one trip of each kind that leans on systemd, with the essd that was built on Debian 12. tests/system/trixie runs all
# scenarios there, with an essd that was built there.

# as_in FILE: the scenario of this name in that file, on machines with systemd 257.
as_in() {
  local name=${FUNCNAME[1]} version
  ESS_ROOT=$(make_root trixie)
  version=$(chroot "$ESS_ROOT" systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
  assert_above "$version" 256 "version of systemd"
  # shellcheck source=/dev/null
  source "$MACHINE_SOURCE/tests/system/scenarios/$1.sh"
  "$name"
}

# fact 3: an Assert alone does not hold an automatic restart, an ExecCondition does
scenario_asserts_and_automatic_restarts() { as_in facts; }

# fact 3: both together are the guard
scenario_guard_conditions() { as_in facts; }

# fact 1: MaskUnitFiles says yes and does nothing
scenario_mask_does_not_hold_in_etc() { as_in facts; }

# facts 1 and 4: a generator's early link masks a unit in /etc
scenario_early_link_masks() { as_in facts; }

# a start is refused, and still after daemon-reload, which keeps the masks
scenario_start_is_refused() { as_in guard; }

# restart, D-Bus, a unit that wants it, a timer
scenario_other_ways_to_start() { as_in guard; }

# Restart=always, killed while latched
scenario_restart_always_stays_down() { as_in guard; }

# the masks taken away: the guard still refuses
scenario_guard_without_masks() { as_in guard; }

# a process that gets into the cgroup of a stopped unit
scenario_a_unit_that_comes_back() { as_in guard; }

# a reboot while tripped
scenario_reboot_keeps_the_latch() { as_in guard; }

# the power goes while tripped
scenario_power_cut_keeps_the_latch() { as_in guard; }

# an enabled platform starts at boot, once essd is armed
scenario_boot_starts_the_platform_armed() { as_in guard; }

# the interlock
scenario_no_trading_without_an_armed_stop() { as_in guard; }

# a trading unit that restarts while essd does
scenario_restart_of_essd_leaves_trading_alone() { as_in guard; }

# a trip, with a unit that only the kernel can end
scenario_unit_that_ignores_sigterm() { as_in trip; }

# essd killed in the middle of a trip
scenario_essd_killed_in_the_middle() { as_in trip; }

# a trip by OnFailure=
scenario_by_on_failure() { as_in trip; }

# a reset starts nothing
scenario_starts_nothing() { as_in reset; }

# essctl check: nothing to find on a good host
scenario_a_good_host() { as_in check; }

# essctl check: what it reads of units, by this systemd's properties
scenario_units() { as_in check; }

# a drill of 100 rounds: its mask has to hold without a Reload
scenario_a_good_one() { as_in drill; }

# a trip in the middle of a drill
scenario_a_trip_in_the_middle() { as_in drill; }

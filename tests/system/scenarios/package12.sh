# shellcheck shell=bash
# The package on Debian 12.

# shellcheck source=tests/system/package_cases.sh
source "$MACHINE_SOURCE/tests/system/package_cases.sh"

# installed on a host that trades: armed, guarded, complete; nothing was restarted
scenario_install() { on 12 fresh; }

# upgraded while armed; a latch during an upgrade
# timeout: 120
scenario_upgrade_armed() { on 12 upgrade_armed; }

# upgraded to the package of Debian 13, as an upgrade of Debian itself does it
scenario_upgrade_of_debian() { on 12 upgrade_of_debian; }

# upgraded while tripped: not one start gets through
# timeout: 120
scenario_upgrade_tripped() { on 12 upgrade_tripped; }

# a configuration that the new version refuses
scenario_upgrade_refused() { on 12 upgrade_refused; }

# removed while armed: trading runs on, and everybody is told
scenario_remove_armed() { on 12 remove_armed; }

# removed while tripped: trading stays masked over a reboot, until it is lifted as was said
# timeout: 120
scenario_remove_tripped() { on 12 remove_tripped; }

# removed in the middle of a stop
scenario_remove_during_a_stop() { on 12 remove_during_a_stop; }

# removed while tripped and installed again
# timeout: 120
scenario_reinstall_tripped() { on 12 reinstall_tripped; }

# purged, armed and tripped; the ledger outlives it
# timeout: 120
scenario_purge() { on 12 purge; }

# the README's commands, as they stand there
scenario_readme() { on 12 readme_package; }

# those for an installation from source
scenario_readme_source() { on 12 readme_source; }

# shellcheck shell=bash
# The package on Debian 13.

# shellcheck source=tests/system/package_cases.sh
source "$MACHINE_SOURCE/tests/system/package_cases.sh"

# installed on a host that trades: armed, guarded, complete; nothing was restarted
scenario_install() { on 13 fresh; }

# upgraded while armed; a latch during an upgrade
# timeout: 120
scenario_upgrade_armed() { on 13 upgrade_armed; }

# upgraded while tripped: not one start gets through
# timeout: 120
scenario_upgrade_tripped() { on 13 upgrade_tripped; }

# a configuration that the new version refuses
scenario_upgrade_refused() { on 13 upgrade_refused; }

# removed while armed: trading runs on, and everybody is told
scenario_remove_armed() { on 13 remove_armed; }

# removed while tripped: trading stays masked over a reboot, until it is lifted as was said
# timeout: 120
scenario_remove_tripped() { on 13 remove_tripped; }

# removed in the middle of a stop
scenario_remove_during_a_stop() { on 13 remove_during_a_stop; }

# removed while tripped and installed again
# timeout: 120
scenario_reinstall_tripped() { on 13 reinstall_tripped; }

# purged, armed and tripped; the ledger outlives it
# timeout: 120
scenario_purge() { on 13 purge; }

# the README's commands, as they stand there
scenario_readme() { on 13 readme_package; }

# those for an installation from source
scenario_readme_source() { on 13 readme_source; }

# Where everything of the contract goes. DESTDIR moves all of it.
install(TARGETS essd quantum-ess-fleet RUNTIME DESTINATION /usr/sbin)
install(TARGETS essctl RUNTIME DESTINATION /usr/bin)
install(TARGETS quantum-ess-canary RUNTIME DESTINATION /usr/libexec/quantum-ess)
install(TARGETS quantum-ess-generator RUNTIME DESTINATION /usr/lib/systemd/system-generators)

file(GLOB ess_units CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/units/*)
install(FILES ${ess_units} DESTINATION /usr/lib/systemd/system)
install(FILES ${CMAKE_CURRENT_SOURCE_DIR}/packaging/quantum-ess.tmpfiles
  DESTINATION /usr/lib/tmpfiles.d RENAME quantum-ess.conf)
install(FILES ${CMAKE_CURRENT_SOURCE_DIR}/packaging/quantum-ess.sysusers
  DESTINATION /usr/lib/sysusers.d RENAME quantum-ess.conf)
install(FILES ${CMAKE_CURRENT_SOURCE_DIR}/etc/ess.yaml DESTINATION /etc/quantum)
install(DIRECTORY DESTINATION /etc/quantum/ess.d)
# What an auditor runs on the host, with openssl, jq and sha256sum alone.
install(PROGRAMS ${CMAKE_CURRENT_SOURCE_DIR}/scripts/verify-ledger DESTINATION /usr/libexec/quantum-ess)
install(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/scripts/verify-ledger.d DESTINATION /usr/libexec/quantum-ess)
# What an operator runs there: does the stop work on this host, and how fast?
install(PROGRAMS ${CMAKE_CURRENT_SOURCE_DIR}/scripts/proof_ess DESTINATION /usr/libexec/quantum-ess)
# What an administrator of etcd runs, wherever etcdctl is.
install(PROGRAMS ${CMAKE_CURRENT_SOURCE_DIR}/scripts/fleet-roles DESTINATION /usr/libexec/quantum-ess)
# What Prometheus and Grafana are given, and what to hang on quantum-ess-tripped.target.
install(FILES packaging/prometheus/quantum-ess.rules.yaml DESTINATION /usr/share/quantum-ess/prometheus)
install(FILES packaging/grafana/quantum-ess.json DESTINATION /usr/share/quantum-ess/grafana)
install(DIRECTORY packaging/examples DESTINATION /usr/share/doc/quantum-ess USE_SOURCE_PERMISSIONS)
install(FILES packaging/docs/LEDGER_FORMAT.md packaging/docs/CHANGELOG_FORMAT.md packaging/docs/CHECK.md
  packaging/docs/ESS_RUNBOOK.md packaging/docs/SECURITY.md DESTINATION /usr/share/doc/quantum-ess)

# The manuals are in mdoc(7), installed as they are; one has what the interface says of itself.
set(ESS_INTERFACE_PAGE ${CMAKE_CURRENT_BINARY_DIR}/man/io.quantum.EmergencyStop.7)
set(interface_sources ${CMAKE_CURRENT_SOURCE_DIR}/packaging/man/varlink_page
  ${CMAKE_CURRENT_SOURCE_DIR}/daemon/core/io.quantum.EmergencyStop.varlink
  ${CMAKE_CURRENT_SOURCE_DIR}/packaging/man/io.quantum.EmergencyStop.7.in)
file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/man)
add_custom_command(OUTPUT ${ESS_INTERFACE_PAGE} COMMAND awk -f ${interface_sources} > ${ESS_INTERFACE_PAGE}
  DEPENDS ${interface_sources} VERBATIM)
add_custom_target(manuals ALL DEPENDS ${ESS_INTERFACE_PAGE})
install(FILES packaging/man/essctl.1 DESTINATION /usr/share/man/man1)
install(FILES packaging/man/ess.yaml.5 DESTINATION /usr/share/man/man5)
install(FILES ${ESS_INTERFACE_PAGE} DESTINATION /usr/share/man/man7)
install(FILES packaging/man/essd.8 packaging/man/quantum-ess-fleet.8 packaging/man/quantum-ess-generator.8 DESTINATION /usr/share/man/man8)
install(FILES packaging/quantum-ess.catalog DESTINATION /usr/lib/systemd/catalog)

# Where each shell looks: zsh's place differs between distributions.
set(ESS_ZSH_COMPLETIONS /usr/share/zsh/site-functions)
if(EXISTS /etc/debian_version)
  set(ESS_ZSH_COMPLETIONS /usr/share/zsh/vendor-completions)
endif()
install(FILES packaging/completions/essctl.bash DESTINATION /usr/share/bash-completion/completions RENAME essctl)
install(FILES packaging/completions/_essctl DESTINATION ${ESS_ZSH_COMPLETIONS})
install(FILES packaging/completions/essctl.fish DESTINATION /usr/share/fish/vendor_completions.d)

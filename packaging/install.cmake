# Where everything of the contract goes. DESTDIR moves all of it.
install(TARGETS essd RUNTIME DESTINATION /usr/sbin)
install(TARGETS essctl RUNTIME DESTINATION /usr/bin)
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
install(FILES packaging/docs/LEDGER_FORMAT.md packaging/docs/CHANGELOG_FORMAT.md DESTINATION /usr/share/doc/quantum-ess)

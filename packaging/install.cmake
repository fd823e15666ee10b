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

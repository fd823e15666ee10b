# The interface definitions live in files of their own, where Varlink's tools can read them, and are compiled in. Editing
# one makes CMake run again.
function(ess_embed_varlink target)
  set(header "#pragma once\n\n#include <string_view>\n\nnamespace ess {\n\n")
  foreach(pair "emergency_stop_text=io.quantum.EmergencyStop" "service_text=org.varlink.service")
    string(REGEX MATCH "^([^=]+)=(.+)$" matched "${pair}")
    set(name "${CMAKE_MATCH_1}")
    set(file "${CMAKE_CURRENT_SOURCE_DIR}/core/${CMAKE_MATCH_2}.varlink")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    file(READ "${file}" text)
    string(APPEND header "inline constexpr std::string_view ${name} = R\"varlink(${text})varlink\";\n")
  endforeach()
  string(APPEND header "\n}  // namespace ess\n")
  # Written only if it changed, so that a rerun of CMake does not rebuild.
  file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/embedded/core/varlink_text.hpp" CONTENT "${header}" @ONLY)
  target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_BINARY_DIR}/embedded")
endfunction()

ess_embed_varlink(ess_core)

# shellcheck shell=bash
# The README's first command.

# scripts/demo as a newcomer runs it: it builds, trips, and says that all is as it should be
# timeout: 300
scenario_as_the_readme_says() {
  local said
  needs_essd
  [[ ${ESS_SUITE:-bookworm} == bookworm ]] || skip "it has Debian 12 in its machine"
  said=$("$MACHINE_SOURCE/scripts/demo" 2>&1) || fail "scripts/demo: $said"
  assert_match "$said" 'the last process was gone after [0-9.]+ ms; the limit is' "what it says"
  assert_match "$said" 'were stopped and masked in [0-9.]+ ms, stayed down, and were released by the reset\.$' "its last line"
}

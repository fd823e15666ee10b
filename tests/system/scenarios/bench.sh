# shellcheck shell=bash
# The benchmark against the old way itself, which nobody runs every day.

# One round of each of the five ways with three units: all end, and the report has a verdict on each bar.
# timeout: 240
scenario_a_round_of_each() {
  local directory=$MACHINES/figures method
  command -v python3 >/dev/null || skip "python3 is not installed"
  ESS_BINARIES=$MACHINE_BINARIES "$MACHINE_SOURCE/tests/bench/stop" --rounds 1 --units 3 --only idle,obedient --directory "$directory"
  for method in shell systemctl kernel essd_0 essd_1; do
    # The last word but one: how many of the units were not stopped.
    assert_eq "$(awk -v method="$method" '$1 == "round" && $5 == method { print $7 }' "$directory/figures.tsv")" 0 \
      "units left in the only round of $method"
  done
  # Broken on purpose: with nobody there none is stopped, and what comes 50 ms late is seen to.
  assert_eq "$(awk '$2 == "nobody" { print $4 }' "$directory/figures.tsv")" 4 "units that nobody stopped"
  assert_above "$(awk '$2 == "late" { printf "%.0f", $3 }' "$directory/figures.tsv")" 49 "milliseconds of what was 50 ms late"
  assert_match "$(grep 'never slower than it' "$directory/report.md")" 'hold' "verdict on category 1"
  assert_eq "$(tail -n 1 "$directory/plot.svg")" "</svg>" "the picture's end"
}

#pragma once

#include <string>
#include <string_view>

namespace ess {

/// An entry of the operators' protected list as a pattern for whole unit names: "grafana" gives "grafana.service",
/// "grafana.*" stays.
[[nodiscard]] std::string protected_entry(std::string_view text);

// What is wrong with a value that has a form of its own, said to the person who wrote it; empty if nothing is.

/// A line of the allow-list, with its suffix: a unit that can be started, or a pattern that the guard can cover.
[[nodiscard]] std::string problem_of_rule_name(std::string_view name);

/// What protected_entry() gave: a unit name or a glob(7) over unit names.
[[nodiscard]] std::string problem_of_protected(std::string_view name);

/// "/a/b": absolute and normal, so that equal paths are equal texts.
[[nodiscard]] std::string problem_of_absolute_path(std::string_view path);

/// As above, of characters that need no quoting in unit files, in shells and in YAML, where it is put, and at a place
/// where essd, under its unit file, can write and sees what others see.
[[nodiscard]] std::string problem_of_latch_path(std::string_view path);

/// Of the metrics: empty, or an absolute path that Prometheus' textfile collector reads, at such a place.
[[nodiscard]] std::string problem_of_textfile(std::string_view path);

/// "a" or "a/b": below a directory that it cannot leave.
[[nodiscard]] std::string problem_of_relative_path(std::string_view path);

/// The name of a user or group: not a number, which says nothing of whose it is.
[[nodiscard]] std::string problem_of_account(std::string_view name);

/// The text of the file in quotes, made fit for a message.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace ess

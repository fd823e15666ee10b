#pragma once

#include <string>
#include <string_view>

#include "core/operation.hpp"

namespace ess {

/// The Markdown changelog in pieces, so that who writes it holds one operation at a time: header, then for each month,
/// newest first, its section and the blocks of its operations, newest first, then the footer.
[[nodiscard]] std::string changelog_header();
/// The heading of a month as changelog_month() gives it.
[[nodiscard]] std::string changelog_section(std::string_view month);
/// The operation's fenced YAML, with its sign-offs as comments, and under it a block for each amendment.
[[nodiscard]] std::string changelog_block(const Operation& operation);
/// The template and how to use all this.
[[nodiscard]] std::string changelog_footer();

/// The day of the operation_id; for ids of another form that on which its line was recorded.
[[nodiscard]] std::string changelog_day(const Operation& operation);
/// "2026-01", by the day of the operation_id; "other" for ids of another form.
[[nodiscard]] std::string changelog_month(const Operation& operation);

/// An entry to be filled in, as a YAML document with `---`: what `essctl ledger template` prints.
[[nodiscard]] std::string entry_template();

}  // namespace ess

#include "core/changelog_writer.hpp"

#include "base/text.hpp"
#include "core/entry_form.hpp"
#include "core/operation_number.hpp"
#include "core/yaml_writer.hpp"

namespace ess {

namespace {

constexpr std::size_t month_length = 7;
constexpr std::size_t name_limit = 200;

constexpr std::string_view header = R"(# Operations Changelog & Signoff Ledger

> **Purpose:** What was done to this host's trading services, who asked for it and who approved it.
> **Scope:** Emergency stops, resets and starts, and every operation that needs an approval.
> **Format:** One YAML block for each operation, the newest first.
> **Source:** Written from the signed ledger, which alone counts (`essctl ledger verify`). What is changed here is lost.

---

)";

constexpr std::string_view usage = R"(---

## Usage Notes

- **New entry:** fill in the template and run `essctl ledger append --from FILE`; the ledger gives the number.
- **Rollback:** `essctl ledger amend ID --outcome ROLLBACK`. The entry stays as it was written, and what is added to it
  stands under it in a block with `amends:`.
- **Second person:** `essctl sign-off ID --key FILE`; it shows as a comment in the entry's block.
- **Elsewhere:** `essctl ledger export --format md|yaml|json|git` writes this file, monthly YAML files, JSON, or annotated
  git tags; `essctl ledger import` reads each of them back to the same entries.
)";

std::string fenced(const std::string& yaml) {
    return "```yaml\n" + yaml + "```\n\n";
}

std::string text_in(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? clean_line(found->get<std::string>(), name_limit)
                                                       : std::string("unknown");
}

std::string signoff_lines(const Operation& operation) {
    std::string lines;
    for (const Json& signoff : operation.signoffs)
        lines +=
            "# signed off by " + text_in(signoff, "approved_by") + ", " + text_in(signoff, "approval_timestamp") + "\n";
    return lines;
}

}  // namespace

std::string changelog_header() {
    return std::string(header);
}

std::string changelog_section(std::string_view month) {
    return "## " + std::string(month) + "\n\n";
}

std::string changelog_block(const Operation& operation) {
    std::string text = fenced(entry_yaml(operation) + signoff_lines(operation));
    for (const Json& amendment : operation.amendments)
        text += fenced(amendment_yaml(amendment));
    return text;
}

std::string changelog_footer() {
    return "---\n\n## Template (copy for new entries)\n\n" + fenced(entry_template()) + std::string(usage);
}

std::string changelog_day(const Operation& operation) {
    const auto id = parse_operation_id(operation.id());
    return id ? id->day : to_utc_date(operation.recorded);
}

std::string changelog_month(const Operation& operation) {
    const auto id = parse_operation_id(operation.id());
    return id ? id->day.substr(0, month_length) : "other";
}

std::string entry_template() {
    std::string text = "---\n";
    for (const FieldForm& form : entry_fields()) {
        if (!form.placeholder.empty()) text.append(form.name).append(": ").append(form.placeholder).append("\n");
    }
    return text;
}

}  // namespace ess

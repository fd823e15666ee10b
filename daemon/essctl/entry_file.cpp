#include "essctl/entry_file.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>
#include <utility>

#include "base/file.hpp"
#include "base/text.hpp"
#include "core/changelog_reader.hpp"
#include "core/entry_form.hpp"
#include "core/operation_number.hpp"
#include "essctl/screen.hpp"

namespace ess::essctl {

namespace {

constexpr std::size_t shown_limit = 400;

constexpr std::array<std::pair<std::string_view, std::string_view>, 13> explanations{{
    {"operation_id", "Leave it out (or as it is), and the ledger numbers the entry."},
    {"operation_name", "What was done, in a few words."},
    {"requested_by", "Who asked for it; SELF is whoever records it."},
    {"approved_by", "Who approved it; SELF if nobody had to."},
    {"approval_timestamp", "When, with an offset or Z. Without this line: now."},
    {"execution_timestamp", "When it was done. Without this line: now."},
    {"risk_class", "One of the four."},
    {"blast_radius", "What can break, and what cannot."},
    {"changes_summary", "What was changed: files, settings, services."},
    {"objective", "Why. May be left out."},
    {"rollback_ref", "What would undo it. May be left out."},
    {"outcome", "One of the three. PARTIAL: something is not as it should be, or was not verified."},
    {"notes", "May be left out."},
}};

constexpr std::string_view further_fields =
    "# What else it may have. Host, commit, branch, configuration hash and the services' states are added by "
    "themselves.\n"
    "# rollback_of: OPS-2026-01-27-012\n"
    "# allowed_services: [quantum-governor]\n"
    "# allowed_paths: [/etc/quantum/policy.yaml]\n"
    "# commits: [b556c2d8]\n"
    "# evidence_commands: [\"redis-cli HGETALL quantum:portfolio\"]\n"
    "# verification_evidence: [\"p28_enforce_mode=1\"]\n";

Result<std::string> read_input() {
    std::string text(yaml_size_limit + 1, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), stdin));
    if (std::ferror(stdin) != 0) return failure("standard input cannot be read");
    if (text.size() > yaml_size_limit) return failure("standard input is too long for an entry");
    return text;
}

/// The line of a field, or of a member of one ("proof_file.sha256"); 0 if it cannot be told.
std::size_t line_of(std::string_view text, std::string_view field) {
    const std::size_t dot = field.find('.');
    const std::string name = std::string(field.substr(0, dot)) + ":";
    const std::string member = dot == std::string_view::npos ? "" : std::string(field.substr(dot + 1)) + ":";
    std::size_t found = 0;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const bool left_edge = !line.empty() && line.front() != ' ' && line.front() != '-';
        if (found != 0 && left_edge) break;
        if (found == 0 && line.starts_with(name)) found = number;
        if (found != 0 && !member.empty() && trim(line).starts_with(member)) return number;
    }
    return found;
}

/// Tells the faults of one text.
class Faults {
  public:
    Faults(const std::string& path, std::string_view text) : name_(path == "-" ? "stdin" : path), text_(text) {}

    void tell(const YamlFault& fault) {
        err(name_ + ":" + clean_line(to_text(fault), shown_limit) + "\n");
        any_ = true;
    }
    void tell(const std::string& field, const std::string& what) {
        const std::size_t line = line_of(text_, field);
        const std::string place = line == 0 ? "" : ":" + std::to_string(line);
        err(name_ + place + ": " + clean_line(field + " " + what, shown_limit) + "\n");
        any_ = true;
    }
    void warn(const YamlFault& fault) const {
        err(name_ + ":" + clean_line(to_text(fault), shown_limit) + " (warning)\n");
    }
    [[nodiscard]] bool any() const { return any_; }

  private:
    std::string name_;
    std::string_view text_;
    bool any_ = false;
};

void check(const ChangelogEntry& written, Faults& faults) {
    if (written.amends) faults.tell("amends", "is for an addition to an entry: essctl ledger amend");
    if (written.kind) faults.tell("kind", "cannot be given: an entry of this kind is written by essd");
    for (const EntryProblem& problem : problems_of(written.entry))
        faults.tell(problem.field, problem.text);
    for (const std::string& field : missing_fields(written.entry))
        faults.tell(field, "is missing");
    const std::string id = written.id();
    if (!id.empty() && !parse_operation_id(id)) faults.tell("operation_id", "must be an id like OPS-2026-01-28-001");
}

}  // namespace

std::optional<WrittenEntry> read_entry_file(const std::string& path) {
    const auto text = path == "-" ? read_input() : read_file(path, yaml_size_limit);
    if (!text) {
        err("essctl: " + text.error().text + "\n");
        return std::nullopt;
    }
    Faults faults(path, *text);
    ChangelogReading reading = read_entry(*text);
    for (const YamlFault& fault : reading.faults)
        faults.tell(fault);
    if (reading.entries.size() != 1) return std::nullopt;
    ChangelogEntry& written = reading.entries.front();
    check(written, faults);
    if (faults.any()) return std::nullopt;
    for (const YamlFault& warning : written.warnings)
        faults.warn(warning);
    return WrittenEntry{std::move(written.entry), std::move(written.comments)};
}

std::string commented_template() {
    std::string text = "# An entry for: essctl ledger append --from FILE\n---\n";
    for (const FieldForm& form : entry_fields()) {
        if (form.placeholder.empty()) continue;
        const auto* const found =
            std::ranges::find_if(explanations, [&](const auto& pair) { return pair.first == form.name; });
        if (found != explanations.end()) text.append("# ").append(found->second).append("\n");
        text.append(form.name).append(": ").append(form.placeholder).append("\n");
    }
    return text.append(further_fields);
}

}  // namespace ess::essctl

#include "essctl/entry_file.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

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

/// What read_entry() cannot know of: what a new entry must have, and what only the ledger itself writes.
std::vector<std::string> faults_of(const ChangelogEntry& written) {
    std::vector<std::string> faults;
    if (written.amends) faults.emplace_back("amends: an addition to an entry is for essctl ledger amend");
    if (written.kind) faults.emplace_back("kind: an entry of a kind is written by essd");
    const std::string id = written.id();
    if (!id.empty() && !parse_operation_id(id))
        faults.emplace_back("operation_id: must be an id like OPS-2026-01-28-001");
    for (const std::string& field : missing_fields(written.entry))
        faults.push_back(field + " is missing");
    return faults;
}

}  // namespace

std::optional<WrittenEntry> read_entry_file(const std::string& path) {
    const auto text = path == "-" ? read_input() : read_file(path, yaml_size_limit);
    if (!text) {
        err("essctl: " + text.error().text + "\n");
        return std::nullopt;
    }
    const std::string name = path == "-" ? "stdin" : path;
    const auto tell = [&](const std::string& what) { err(name + ":" + clean_line(what, shown_limit) + "\n"); };
    ChangelogReading reading = read_entry(*text);
    for (const YamlFault& fault : reading.faults)
        tell(to_text(fault));
    if (!reading.faults.empty() || reading.entries.size() != 1) return std::nullopt;
    ChangelogEntry& written = reading.entries.front();
    for (const YamlFault& warning : written.warnings)
        tell(to_text(warning) + " (warning)");
    const std::vector<std::string> faults = faults_of(written);
    for (const std::string& fault : faults)
        tell(std::to_string(written.line) + ": " + fault);
    if (!faults.empty()) return std::nullopt;
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

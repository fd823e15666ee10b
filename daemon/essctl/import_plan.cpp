#include "essctl/import_plan.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "core/entry_form.hpp"
#include "core/ledger_line.hpp"

namespace ess::essctl {

namespace {

constexpr std::size_t file_name_limit = 1024;
/// Room for what is added when the line is written: who recorded it.
constexpr std::size_t recorder_limit = 256;

std::string place_of(const ImportStep& step) {
    return step.file + (step.read.line == 0 ? "" : ":" + std::to_string(step.read.line));
}

/// Absent and empty are the same.
bool same(const Json& left, const Json& right) {
    return left == right || (left.empty() && right.empty());
}

std::optional<std::string> difference_of_entries(const Json& left, const Json& right) {
    const auto differs = [&](const std::string& name) {
        return left.contains(name) != right.contains(name) || (left.contains(name) && left.at(name) != right.at(name));
    };
    for (const FieldForm& form : entry_fields()) {
        if (differs(std::string(form.name))) return std::string(form.name);
    }
    for (const Json* const side : {&left, &right}) {
        for (const auto& [name, value] : side->items()) {
            if (differs(name)) return name;
        }
    }
    return std::nullopt;
}

/// What of an entry is compared.
struct Content {
    const Json& entry;
    const Json& comments;
    const Json& ess;
    LedgerKind kind;
};

/// The name of the first field in which they differ.
std::optional<std::string> first_difference(const Content& left, const Content& right) {
    if (auto field = difference_of_entries(left.entry, right.entry)) return field;
    if (!same(left.comments, right.comments)) return "comments";
    if (left.kind != right.kind) return "kind";
    if (!same(left.ess, right.ess)) return "ess";
    return std::nullopt;
}

Content content_of(const ChangelogEntry& read) {
    return {read.entry, read.comments, read.ess, read.kind.value_or(LedgerKind::Append)};
}

Content content_of(const Operation& operation) {
    return {operation.entry, operation.comments, operation.ess, operation.kind};
}

bool has(const std::vector<Json>& amendments, const Json& entry) {
    return std::find(amendments.begin(), amendments.end(), entry) != amendments.end();
}

Json envelope_of(const ImportStep& step, bool with_text) {
    Json warnings = Json::array();
    for (const YamlFault& warning : step.read.warnings)
        warnings.push_back(to_text(warning));
    Json imported{{"file", clean_line(step.file, file_name_limit)}, {"line", step.read.line}, {"warnings", warnings}};
    if (with_text && !step.read.text.empty()) imported["text"] = step.read.text;
    Json ess{{"imported", std::move(imported)}};
    if (!step.read.comments.is_null()) ess["comments"] = step.read.comments;
    if (!step.read.ess.is_null()) ess["ess"] = step.read.ess;
    if (step.read.kind) ess["kind"] = to_text(*step.read.kind);
    return ess;
}

Result<> fits(const ImportStep& step) {
    LedgerLine line{LedgerKind::Append, step.read.entry, step.ess, {}, std::string(32, '0'), 1};
    line.ess["recorded_by"] = std::string(recorder_limit, 'x');
    if (auto text = format_ledger_line(line); !text) return tl::make_unexpected(text.error());
    return {};
}

class Planner {
  public:
    explicit Planner(const host::LedgerIndex& ledger) : ledger_(ledger) {}

    Result<ImportPlan> plan(std::vector<ImportSource> sources) {
        for (ImportSource& source : sources) {
            for (ChangelogEntry& entry : source.reading.entries)
                add({source.name, std::move(entry), false, 0, {}});
        }
        std::stable_sort(plan_.steps.begin(), plan_.steps.end(), [](const ImportStep& left, const ImportStep& right) {
            return is_newer(right.read.id(), left.read.id()) ||
                   (left.read.id() == right.read.id() && !left.read.amends && right.read.amends);
        });
        for (ImportStep& step : plan_.steps) {
            if (auto compared = compare(step); !compared) return tl::make_unexpected(compared.error());
        }
        return std::move(plan_);
    }

  private:
    void problem(const ImportStep& step, const std::string& text) {
        plan_.problems.push_back(place_of(step) + ": " + step.read.id() + " " + text);
    }

    /// Keeps each once: the same entry may be in several files.
    void add(ImportStep step) {
        const std::string identity = step.read.amends ? step.read.entry.dump() : step.read.id();
        const auto [first, is_new] =
            (step.read.amends ? amendments_ : originals_).emplace(identity, plan_.steps.size());
        if (is_new) return plan_.steps.push_back(std::move(step));
        const ImportStep& other = plan_.steps[first->second];
        if (const auto field = first_difference(content_of(step.read), content_of(other.read));
            field && !step.read.amends)
            problem(step, "differs in " + *field + " from " + place_of(other) + ": correct one of them");
    }

    Result<> compare(ImportStep& step) {
        const auto found = ledger_.find(step.read.id());
        if (!found) return tl::make_unexpected(found.error());
        const auto& there = *found;
        if (step.read.amends) {
            step.known = there && has(there->amendments, step.read.entry);
            if (!there && !originals_.contains(step.read.id()))
                problem(step, "is amended here, and is neither in the ledger nor in what is imported");
        } else if (there) {
            step.known = true;
            if (const auto field = first_difference(content_of(step.read), content_of(*there)))
                problem(step, "differs in " + *field + " from seq " + std::to_string(there->seq) +
                                  " of the ledger: an entry is never changed; amend it, or give yours another number");
        }
        if (there) step.seq = there->seq;
        if (!step.known) enclose(step);
        return {};
    }

    /// The block's own text may make the line too long. It can be done without: all fields are in the entry.
    void enclose(ImportStep& step) {
        step.ess = envelope_of(step, true);
        if (fits(step)) return;
        step.ess = envelope_of(step, false);
        if (const auto checked = fits(step); !checked) problem(step, "cannot be imported: " + checked.error().text);
    }

    const host::LedgerIndex& ledger_;
    ImportPlan plan_;
    std::map<std::string, std::size_t> originals_;
    std::map<std::string, std::size_t> amendments_;
};

}  // namespace

Result<ImportPlan> plan_import(std::vector<ImportSource> sources, const host::LedgerIndex& ledger) {
    return Planner(ledger).plan(std::move(sources));
}

}  // namespace ess::essctl

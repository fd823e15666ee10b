#include "core/entry_form.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/clock.hpp"
#include "base/text.hpp"

namespace ess {

namespace {

constexpr std::array<std::string_view, 4> risk_classes{"READ_ONLY", "LOW_RISK_CONFIG", "SERVICE_RESTART",
                                                       "FILESYSTEM_WRITE"};
constexpr std::array<std::string_view, 3> outcomes{"SUCCESS", "PARTIAL", "ROLLBACK"};
constexpr std::array<std::string_view, 5> reserved{"kind", "ess", "comments", "amendments", "signoffs"};
constexpr std::array<std::string_view, 7> required{"operation_name", "requested_by",    "approved_by", "risk_class",
                                                   "blast_radius",   "changes_summary", "outcome"};

/// What every reader of JSON holds exactly.
constexpr std::int64_t greatest_integer = (std::int64_t{1} << 53U) - 1;
/// It is a name of a git tag as well, and a word on people's screens.
constexpr std::size_t id_limit = 64;
constexpr std::size_t shown_limit = 60;

template <std::size_t Count>
bool is_one_of(const std::array<std::string_view, Count>& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

template <std::size_t Count>
std::string listed(const std::array<std::string_view, Count>& words) {
    return join(std::vector<std::string>(words.begin(), words.end()), ", ");
}

bool is_printable_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

bool is_field_name(std::string_view name) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    const auto follows = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-'; };
    return !name.empty() && name.size() <= entry_key_limit && letter(name.front()) &&
           std::all_of(name.begin(), name.end(), follows);
}

bool is_hex(std::string_view text) {
    constexpr std::size_t shortest = 16;  // the format has the first 16 digits
    constexpr std::size_t longest = 64;
    return text.size() >= shortest && text.size() <= longest &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// "proof_file.size_bytes"
std::string inner(std::string field, std::string_view key) {
    return field.append(".").append(key);
}

std::string shown(std::string_view text) {
    return "\"" + clean_line(text, shown_limit) + "\"";
}

/// Gathers the problems of one entry.
class Check {
  public:
    explicit Check(const Json& entry) : entry_(entry) {}

    std::vector<EntryProblem> run() {
        for (const FieldForm& form : entry_fields()) {
            if (const auto field = entry_.find(std::string(form.name)); field != entry_.end())
                check_known(form, *field);
        }
        for (const auto& [name, value] : entry_.items()) {
            if (field_kind(name) == FieldKind::Unknown) check_unknown(name, value);
        }
        return std::move(problems_);
    }

  private:
    void problem(std::string field, std::string text) { problems_.push_back({std::move(field), std::move(text)}); }

    void check_known(const FieldForm& form, const Json& value) {
        const std::string name(form.name);
        if (!form.placeholder.empty() && value == form.placeholder)
            return problem(name, "is still the template's placeholder");
        switch (form.kind) {
            case FieldKind::Text:
                return check_text(name, value);
            case FieldKind::Time:
                return check_time(name, value);
            case FieldKind::RiskClass:
                return check_word(name, value, risk_classes);
            case FieldKind::Outcome:
                return check_word(name, value, outcomes);
            case FieldKind::Names:
            case FieldKind::Texts:
                return check_list(name, value);
            case FieldKind::Map:
                return check_map(name, value);
            case FieldKind::Proof:
                return check_proof(name, value);
            case FieldKind::Unknown:
                return;
        }
    }

    void check_unknown(const std::string& name, const Json& value) {
        if (is_reserved_field(name)) return problem(name, "cannot be a field of an entry");
        if (!is_field_name(name)) {
            return problem(name, "the name " + shown(name) +
                                     " is not made of letters, digits, '_' and '-', or has more than " +
                                     std::to_string(entry_key_limit) + " of them");
        }
        if (value.is_array()) return check_list(name, value);
        if (value.is_object()) return check_map(name, value);
        if (!value.is_string()) problem(name, "must be a text, a list of texts or a map of texts");
    }

    void check_text(const std::string& name, const Json& value) {
        if (!value.is_string()) return problem(name, "must be a text");
        const auto& text = value.get_ref<const std::string&>();
        if (name != "operation_id" && name != "rollback_of") return;
        if (text.empty() || text.size() > id_limit || text.find(' ') != std::string::npos || !is_printable_ascii(text))
            problem(name, "must be an id like OPS-2026-01-28-001, not " + shown(text));
    }

    void check_time(const std::string& name, const Json& value) {
        if (value.is_string() && from_rfc3339(value.get_ref<const std::string&>())) return;
        problem(name, "must be a time like 2026-01-28T01:41:58Z, not " +
                          shown(value.is_string() ? value.get<std::string>() : value.dump()));
    }

    template <std::size_t Count>
    void check_word(const std::string& name, const Json& value, const std::array<std::string_view, Count>& words) {
        if (value.is_string() && is_one_of(words, value.get_ref<const std::string&>())) return;
        problem(name, "must be one of " + listed(words));
    }

    void check_list(const std::string& name, const Json& value) {
        if (!value.is_array()) return problem(name, "must be a list");
        for (std::size_t i = 0; i < value.size(); ++i) {
            if (!value[i].is_string()) return problem(inner(name, std::to_string(i)), "must be a text");
        }
    }

    bool check_key(const std::string& name, const std::string& key) {
        if (key.size() <= entry_key_limit && is_printable_ascii(key)) return true;
        problem(name, "the key " + shown(key) + " must be printable ASCII, at most " + std::to_string(entry_key_limit) +
                          " characters");
        return false;
    }

    void check_map(const std::string& name, const Json& value) {
        if (!value.is_object()) return problem(name, "must be a map");
        for (const auto& [key, member] : value.items()) {
            if (check_key(name, key) && !member.is_string()) problem(inner(name, key), "must be a text");
        }
    }

    void check_proof(const std::string& name, const Json& value) {
        if (!value.is_object()) return problem(name, "must be a map");
        for (const auto& [key, member] : value.items()) {
            const std::string path = inner(name, key);
            if (key == "size_bytes") {
                const bool fits = member.is_number_integer() && member >= 0 && member <= greatest_integer;
                if (!fits) problem(path, "must be a number of bytes");
            } else if (!check_key(name, key)) {
                continue;
            } else if (!member.is_string()) {
                problem(path, "must be a text");
            } else if (key == "sha256" && !is_hex(member.get_ref<const std::string&>())) {
                problem(path, "must be 16 to 64 hexadecimal digits in lower case");
            } else if (key == "mtime_utc") {
                check_time(path, member);
            }
        }
    }

    const Json& entry_;
    std::vector<EntryProblem> problems_;
};

}  // namespace

const std::vector<FieldForm>& entry_fields() {
    static const std::vector<FieldForm> fields{
        {"operation_id", FieldKind::Text, template_operation_id},
        {"operation_name", FieldKind::Text, "<short name>"},
        {"requested_by", FieldKind::Text, "<user name | SELF>"},
        {"approved_by", FieldKind::Text, "<user name | SELF>"},
        {"approval_timestamp", FieldKind::Time, "<RFC 3339 time, UTC>"},
        {"execution_timestamp", FieldKind::Time, "<RFC 3339 time, UTC>"},
        {"git_commit", FieldKind::Text, ""},
        {"git_branch", FieldKind::Text, ""},
        {"hostname", FieldKind::Text, ""},
        {"config_hash", FieldKind::Text, ""},
        {"risk_class", FieldKind::RiskClass, "<READ_ONLY | LOW_RISK_CONFIG | SERVICE_RESTART | FILESYSTEM_WRITE>"},
        {"blast_radius", FieldKind::Text, "<what can break>"},
        {"changes_summary", FieldKind::Text, "<what was changed, in one line>"},
        {"objective", FieldKind::Text, "<what it is for>"},
        {"rollback_ref", FieldKind::Text, "<commit, command or procedure that undoes it>"},
        {"rollback_of", FieldKind::Text, ""},
        {"outcome", FieldKind::Outcome, "<SUCCESS | PARTIAL | ROLLBACK>"},
        {"allowed_services", FieldKind::Names, ""},
        {"allowed_paths", FieldKind::Names, ""},
        {"services_status", FieldKind::Map, ""},
        {"proof_file", FieldKind::Proof, ""},
        {"metrics_snapshot", FieldKind::Text, ""},
        {"redis_snapshot", FieldKind::Text, ""},
        {"commits", FieldKind::Texts, ""},
        {"evidence_commands", FieldKind::Texts, ""},
        {"verification_evidence", FieldKind::Texts, ""},
        {"notes", FieldKind::Text, "<what else is worth knowing>"},
    };
    return fields;
}

FieldKind field_kind(std::string_view name) {
    const auto& fields = entry_fields();
    const auto found =
        std::find_if(fields.begin(), fields.end(), [&](const FieldForm& form) { return form.name == name; });
    return found == fields.end() ? FieldKind::Unknown : found->kind;
}

bool is_reserved_field(std::string_view name) {
    return is_one_of(reserved, name);
}

std::vector<EntryProblem> problems_of(const Json& entry) {
    if (!entry.is_object()) return {{"", "an entry must be a map"}};
    return Check(entry).run();
}

std::vector<std::string> missing_fields(const Json& entry) {
    std::vector<std::string> missing;
    for (const std::string_view name : required) {
        const auto found = entry.find(std::string(name));
        const bool given =
            found != entry.end() && (!found->is_string() || !found->get_ref<const std::string&>().empty());
        if (!given) missing.emplace_back(name);
    }
    return missing;
}

std::vector<std::string> split_names(std::string_view text) {
    std::vector<std::string> names;
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        if (const auto name = trim(text.substr(0, comma)); !name.empty()) names.emplace_back(name);
        text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    }
    return names;
}

}  // namespace ess

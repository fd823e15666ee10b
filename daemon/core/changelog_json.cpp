#include <utility>

#include "base/text.hpp"
#include "core/changelog_block_reader.hpp"
#include "core/entry_form.hpp"
#include "core/yaml_scalar.hpp"

namespace ess {

namespace {

/// Finds the line of each entry in the text, in their order: parsing tells no places.
class Places {
  public:
    explicit Places(std::string_view text) : text_(text) {}

    /// The line of the next mention of the id; 0 when there is none (it is written with escapes).
    std::size_t line_of(const std::string& id) {
        const std::size_t found = text_.find("\"" + id + "\"");
        // One that is not found would be looked for through the whole text, and so would all behind it.
        if (found == std::string_view::npos) text_ = {};
        if (text_.empty()) return 0;
        for (; at_ < found; ++at_)
            line_ += text_[at_] == '\n' ? 1 : 0;
        return line_;
    }

  private:
    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
};

Json take(Json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end()) return nullptr;
    Json value = std::move(*found);
    object.erase(found);
    return value;
}

/// Whether the path of a comment, "commits.0", is that of something in the entry.
bool has_path(const Json& entry, const std::string& path) {
    if (entry.contains(path)) return true;
    const std::size_t dot = path.find('.');
    const auto field = dot == std::string::npos ? entry.end() : entry.find(path.substr(0, dot));
    if (field == entry.end()) return false;
    const std::string inner = path.substr(dot + 1);
    if (field->is_object()) return field->contains(inner);
    for (std::size_t i = 0; field->is_array() && i < field->size(); ++i) {
        if (std::to_string(i) == inner) return true;
    }
    return false;
}

class JsonReader {
  public:
    JsonReader(std::string_view text, ChangelogReading& reading) : places_(text), reading_(reading) {}

    void read(Json object) {
        if (!object.is_object()) return fault("an entry must be an object");
        ChangelogEntry entry;
        entry.ess = take(object, "ess");
        entry.comments = take(object, "comments");
        take_kind(object, entry);
        const Json amendments = take(object, "amendments");
        const Json signoffs = take(object, "signoffs");
        entry.entry = std::move(object);
        line_ = places_.line_of(entry.id());
        entry.line = line_;
        check(entry);
        if (!signoffs.is_null())
            entry.warnings.push_back({{line_, 1}, entry.id() + " has sign-offs: they hold in their own ledger alone"});
        reading_.entries.push_back(entry);
        if (!amendments.is_null() && !amendments.is_array()) return fault("amendments: must be a list");
        for (const Json& amendment : amendments)
            read_amendment(amendment, entry.id());
    }

  private:
    void fault(std::string text) {
        if (reading_.faults.size() < yaml_fault_limit) reading_.faults.push_back({{line_, 1}, std::move(text)});
    }

    void take_kind(Json& object, ChangelogEntry& entry) {
        const Json kind = take(object, "kind");
        if (kind.is_null() || kind == to_text(LedgerKind::Append)) return;
        if (kind.is_string()) entry.kind = ledger_kind_from(kind.get<std::string>());
        if (!entry.kind) fault("kind: not a kind of the ledger");
    }

    void check(const ChangelogEntry& entry) {
        const std::string id = entry.id();
        if (id.empty()) fault("no operation_id");
        for (const EntryProblem& problem : problems_of(entry.entry))
            fault(id + ": " + problem.field + ": " + problem.text);
        if (!entry.ess.is_null() && !entry.ess.is_object()) fault(id + ": ess: must be an object");
        if (!entry.comments.is_null()) check_comments(entry);
    }

    void check_comments(const ChangelogEntry& entry) {
        if (!entry.comments.is_object() || entry.comments.empty())
            return fault(entry.id() + ": comments: must be an object that is not empty");
        for (const auto& [path, comment] : entry.comments.items()) {
            const bool good = comment.is_string() && is_yaml_comment(comment.get_ref<const std::string&>());
            if (!good) fault(entry.id() + ": comments: " + path + ": must be one line of text");
            if (!has_path(entry.entry, path)) fault(entry.id() + ": comments: " + path + ": no such field");
        }
    }

    void read_amendment(const Json& fields, const std::string& id) {
        ChangelogEntry amendment;
        amendment.amends = true;
        amendment.line = line_;
        amendment.entry = fields;
        if (!fields.is_object() || amendment.id() != id) return fault(id + ": an amendment with another operation_id");
        check(amendment);
        reading_.entries.push_back(std::move(amendment));
    }

    Places places_;
    ChangelogReading& reading_;
    std::size_t line_ = 0;
};

}  // namespace

void read_json_export(std::string_view text, ChangelogReading& reading) {
    auto json = parse_json(text);
    if (!json) return reading.faults.push_back({{}, json.error().text});
    JsonReader reader(text, reading);
    if (!json->is_array()) return reader.read(std::move(*json));
    for (Json& object : *json)
        reader.read(std::move(object));
}

}  // namespace ess

#include "core/yaml_writer.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.hpp"
#include "core/entry_form.hpp"
#include "core/yaml_scalar.hpp"

namespace ess {

namespace {

constexpr std::string_view indent = "  ";
constexpr std::array<const char*, 4> proof_order{"path", "sha256", "size_bytes", "mtime_utc"};

/// JSON in YAML's flow style, in one line.
void append_flow(std::string& text, const Json& value) {
    std::string_view separator;
    if (value.is_object()) {
        text += '{';
        for (const auto& [key, member] : value.items()) {
            text.append(separator).append(yaml_quoted(key)).append(": ");
            append_flow(text, member);
            separator = ", ";
        }
        text += '}';
    } else if (value.is_array()) {
        text += '[';
        for (const Json& item : value) {
            text.append(separator);
            append_flow(text, item);
            separator = ", ";
        }
        text += ']';
    } else if (value.is_string()) {
        text += yaml_quoted(value.get_ref<const std::string&>());
    } else {
        text += value.dump();
    }
}

std::string flow(const Json& value) {
    std::string text;
    append_flow(text, value);
    return text;
}

bool all_texts(const Json& value) {
    for (const Json& item : value) {
        if (item.is_structured()) return false;
    }
    return true;
}

class EntryWriter {
  public:
    explicit EntryWriter(const Json& comments) : comments_(comments) {}

    void field(const std::string& name, const Json& value) {
        text_.append(yaml_text(name)).append(":");
        if (value.is_string()) {
            put_text(name, value.get_ref<const std::string&>());
        } else if (!value.is_structured() || value.empty() || !all_texts(value)) {
            text_.append(" ").append(flow(value));
            end_line(name);
        } else if (value.is_array()) {
            put_list(name, value);
        } else {
            put_map(name, value);
        }
    }

    [[nodiscard]] std::string take() { return std::move(text_); }

  private:
    void end_line(const std::string& path) {
        const auto found = comments_.is_object() ? comments_.find(path) : comments_.end();
        if (found != comments_.end() && found->is_string()) {
            const auto& comment = found->get_ref<const std::string&>();
            if (is_yaml_comment(comment)) text_.append("  # ").append(comment);
        }
        text_ += '\n';
    }

    void put_text(const std::string& path, std::string_view value) {
        const bool literal = value.find('\n') != std::string_view::npos && is_yaml_literal(value);
        if (!literal) {
            text_.append(" ").append(yaml_text(value));
            return end_line(path);
        }
        const bool ended = value.ends_with('\n');
        text_.append(ended ? " |" : " |-");
        end_line(path);
        if (ended) value.remove_suffix(1);
        while (true) {
            const std::size_t end = value.find('\n');
            const std::string_view line = value.substr(0, end);
            if (!line.empty()) text_.append(indent).append(line);
            text_ += '\n';
            if (end == std::string_view::npos) return;
            value.remove_prefix(end + 1);
        }
    }

    static std::string scalar(const Json& value) {
        return value.is_string() ? yaml_text(value.get_ref<const std::string&>()) : value.dump();
    }

    void put_list(const std::string& path, const Json& list) {
        end_line(path);
        for (std::size_t i = 0; i < list.size(); ++i) {
            text_.append(indent).append("- ").append(scalar(list[i]));
            end_line(path + "." + std::to_string(i));
        }
    }

    void put_map(const std::string& path, const Json& map) {
        end_line(path);
        // proof_file is a form of its own, with an order of its own.
        if (path == "proof_file") {
            for (const char* key : proof_order) {
                if (map.contains(key)) put_member(path, key, map.at(key));
            }
        }
        for (const auto& [key, member] : map.items()) {
            const bool done = path == "proof_file" && std::ranges::find(proof_order, key) != proof_order.end();
            if (!done) put_member(path, key, member);
        }
    }

    void put_member(const std::string& path, const std::string& key, const Json& value) {
        text_.append(indent).append(yaml_text(key)).append(": ").append(scalar(value));
        end_line(path + "." + key);
    }

    const Json& comments_;
    std::string text_ = "---\n";
};

void put_fields(EntryWriter& writer, const Json& entry, std::string_view except) {
    for (const FieldForm& form : entry_fields()) {
        const std::string name(form.name);
        if (name != except && entry.contains(name)) writer.field(name, entry.at(name));
    }
    for (const auto& [name, value] : entry.items()) {
        if (field_kind(name) == FieldKind::Unknown) writer.field(name, value);
    }
}

}  // namespace

std::string entry_yaml(const Operation& operation) {
    EntryWriter writer(operation.comments);
    put_fields(writer, operation.entry, "");
    if (operation.kind != LedgerKind::Append) writer.field("kind", std::string(to_text(operation.kind)));
    std::string text = writer.take();
    // In one line whatever it is: a list or a map in block style would come back as texts.
    if (!operation.ess.is_null()) text += "ess: " + flow(operation.ess) + "\n";
    return text;
}

std::string amendment_yaml(const Json& amendment) {
    const Json none;
    EntryWriter writer(none);
    writer.field("amends", amendment.value("operation_id", ""));
    put_fields(writer, amendment, "operation_id");
    return writer.take();
}

}  // namespace ess

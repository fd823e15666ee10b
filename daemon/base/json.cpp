#include "base/json.hpp"

#include <set>
#include <string>
#include <vector>

namespace ess {

namespace {

/// Builds the tree while it watches for what nlohmann lets pass. Each event that goes on hands the work to nlohmann's
/// own builder.
class StrictReader : public nlohmann::json_sax<Json> {
  public:
    explicit StrictReader(Json& root) : builder_(root, false) {}

    [[nodiscard]] const std::string& fault() const { return fault_; }

    bool null() override { return builder_.null(); }
    bool boolean(bool value) override { return builder_.boolean(value); }
    bool number_integer(number_integer_t value) override { return builder_.number_integer(value); }
    bool number_unsigned(number_unsigned_t value) override { return builder_.number_unsigned(value); }
    bool number_float(number_float_t value, const string_t& text) override {
        return builder_.number_float(value, text);
    }
    bool string(string_t& value) override { return builder_.string(value); }
    bool binary(binary_t& value) override { return builder_.binary(value); }

    bool start_object(std::size_t size) override {
        keys_.emplace_back();
        return enter() && builder_.start_object(size);
    }
    bool key(string_t& value) override {
        if (!keys_.back().insert(value).second) return refuse("duplicate key \"" + value + "\"");
        return builder_.key(value);
    }
    bool end_object() override {
        keys_.pop_back();
        --depth_;
        return builder_.end_object();
    }
    bool start_array(std::size_t size) override { return enter() && builder_.start_array(size); }
    bool end_array() override {
        --depth_;
        return builder_.end_array();
    }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
        return refuse("malformed at byte " + std::to_string(position));
    }

  private:
    bool enter() { return ++depth_ <= json_depth_limit || refuse("nested too deep"); }
    bool refuse(std::string why) {
        fault_ = std::move(why);
        return false;
    }

    nlohmann::detail::json_sax_dom_parser<Json> builder_;
    std::vector<std::set<std::string>> keys_;
    std::size_t depth_ = 0;
    std::string fault_;
};

}  // namespace

Result<Json> parse_json(std::string_view text) {
    // nlohmann takes a NUL for the end of the text. It is in no JSON text (RFC 8259: control characters are escaped).
    if (text.find('\0') != std::string_view::npos) return failure("JSON: a NUL byte");
    Json root;
    StrictReader reader(root);
    if (!Json::sax_parse(text.begin(), text.end(), &reader)) return failure("JSON: " + reader.fault());
    return root;
}

std::string to_text(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string text_at(const Json& object, const std::string& key) {
    if (!object.is_object()) return {};
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::uint64_t number_at(const Json& object, const std::string& key) {
    if (!object.is_object()) return 0;
    const auto found = object.find(key);
    return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

bool flag_at(const Json& object, const std::string& key) {
    if (!object.is_object()) return false;
    const auto found = object.find(key);
    return found != object.end() && found->is_boolean() && found->get<bool>();
}

}  // namespace ess

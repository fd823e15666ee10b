#include "core/report_fields.hpp"

#include <algorithm>

#include "core/entry_form.hpp"
#include "core/html_text.hpp"

namespace ess {

std::string value_html(const Json& value) {
    if (value.is_string()) {
        const auto& text = value.get_ref<const std::string&>();
        return text.empty() ? html_element("span", "class=\"none\"", "empty")
                            : html_element("span", "class=\"text\"", html_text(text));
    }
    if (!value.is_structured()) {
        const std::string text = value.is_null()      ? "none"
                                 : value.is_boolean() ? (value.get<bool>() ? "yes" : "no")
                                                      : value.dump();
        return html_element("span", value.is_null() ? "class=\"none\"" : "class=\"plain\"", text);
    }
    if (value.empty()) return html_element("span", "class=\"none\"", "none");
    std::string items;
    if (value.is_array()) {
        for (const Json& item : value)
            items += html_element("li", "", value_html(item));
        return html_element("ul", "class=\"values\"", items);
    }
    for (const auto& [key, member] : value.items())
        items += html_element("div", "",
                              html_element("dt", "", html_text(key)) + html_element("dd", "", value_html(member)));
    return html_element("dl", "class=\"values\"", items);
}

std::string fields_html(const Json& entry, const std::vector<std::string_view>& left_out) {
    std::string items;
    const auto add = [&](const std::string& name, const Json& value) {
        if (std::ranges::find(left_out, std::string_view(name)) != left_out.end()) return;
        items += html_element("div", "",
                              html_element("dt", "", html_text(name)) + html_element("dd", "", value_html(value))) +
                 "\n";
    };
    for (const FieldForm& form : entry_fields()) {
        const std::string name(form.name);
        if (const auto found = entry.find(name); found != entry.end()) add(name, *found);
    }
    for (const auto& [name, value] : entry.items()) {
        if (field_kind(name) == FieldKind::Unknown) add(name, value);
    }
    return html_element("dl", "class=\"fields\"", "\n" + items);
}

}  // namespace ess

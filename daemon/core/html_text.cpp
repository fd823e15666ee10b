#include "core/html_text.hpp"

#include "core/visible_text.hpp"

namespace ess {

namespace {

std::string_view entity(char c) {
    switch (c) {
        case '&':
            return "&amp;";
        case '<':
            return "&lt;";
        case '>':
            return "&gt;";
        case '"':
            return "&quot;";
        case '\'':
            return "&#39;";
        default:
            return {};
    }
}

}  // namespace

std::string html_text(std::string_view text) {
    std::string html;
    for (const char c : visible_text(text)) {
        const std::string_view escaped = entity(c);
        html += escaped.empty() ? std::string_view(&c, 1) : escaped;
    }
    return html;
}

std::string html_element(std::string_view name, std::string_view attributes, std::string_view inner) {
    std::string html = "<";
    html.append(name);
    if (!attributes.empty()) html.append(" ").append(attributes);
    return html.append(">").append(inner).append("</").append(name).append(">");
}

}  // namespace ess

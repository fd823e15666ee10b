#include "core/metric_families.hpp"

#include "base/text.hpp"

namespace ess {

namespace {

constexpr std::string_view prefix = "quantum_ess_";
/// Longer than any unit's name (systemd: 255).
constexpr std::size_t value_limit = 1024;

std::string_view type_text(MetricFamilies::Type type) {
    switch (type) {
        case MetricFamilies::Type::Counter:
            return "counter";
        case MetricFamilies::Type::Histogram:
            return "histogram";
        case MetricFamilies::Type::Gauge:
            break;
    }
    return "gauge";
}

/// A label's value: any UTF-8, with backslash, quote and newline escaped.
std::string escaped(std::string_view value) {
    const std::string fit = is_utf8(value) ? std::string(value) : clean_line(value, value_limit);
    std::string text;
    for (const char c : fit) {
        if (c == '\n') {
            text += "\\n";
            continue;
        }
        if (c == '\\' || c == '"') text += '\\';
        text += c;
    }
    return text;
}

}  // namespace

std::string to_seconds_text(Micros span) {
    constexpr int decimals = 6;
    const Micros::rep count = span.count();
    std::string digits = std::to_string(count < 0 ? -count : count);
    if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
    digits.insert(digits.size() - decimals, 1, '.');
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
    return (count < 0 ? "-" : "") + digits;
}

void MetricFamilies::begin(std::string_view name, Type type, std::string_view help) {
    name_ = std::string(prefix).append(name);
    head_ = "# HELP " + name_ + " " + std::string(help) + "\n";
    head_ += "# TYPE " + name_ + " " + std::string(type_text(type)) + "\n";
}

void MetricFamilies::seconds(Micros value, Labels labels) {
    line("", to_seconds_text(value), labels);
}

void MetricFamilies::line(std::string_view part, std::string_view value, Labels labels) {
    text_.append(std::exchange(head_, "")).append(name_).append(part);
    char separator = '{';
    for (const Label& label : labels) {
        text_ += std::exchange(separator, ',');
        text_.append(label.name).append("=\"").append(escaped(label.value)).append("\"");
    }
    if (separator == ',') text_ += '}';
    text_.append(" ").append(value).append("\n");
}

}  // namespace ess

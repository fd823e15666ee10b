#include "core/config_fleet.hpp"

#include <algorithm>
#include <array>

namespace ess {

namespace {

using namespace std::chrono_literals;
using DraftKey = Key<ConfigDraft>;
using Fleet = Config::Fleet;

/// A cluster elects a new leader in two or three seconds; a shorter time-out would take that for a loss.
constexpr Micros shortest_loss = 5s;
/// Whoever may be out of reach for longer is not in a fleet.
constexpr Micros longest_loss = 1h;
/// What one segment of a key may have: more is no name.
constexpr std::size_t name_limit = 64;

constexpr std::array<Word<OnLoss>, 2> losses{{
    {"alert", OnLoss::Alert, ""},
    {"trip", OnLoss::Trip, ""},
}};

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// A segment of a key, and a part of a certificate's common name.
std::string problem_of_name(std::string_view name) {
    const bool fits = !name.empty() && name.size() <= name_limit && is_letter_or_digit(name.front()) &&
                      std::ranges::all_of(name, [](char c) { return is_letter_or_digit(c) || c == '-' || c == '.'; });
    return fits ? std::string()
                : in_quotes(name) + " is no name: letters, digits, dashes and dots, " + std::to_string(name_limit) +
                      " at most";
}

/// What etcdctl takes as one of --endpoints. https alone: over http nobody could be told from anybody.
std::string problem_of_endpoint(std::string_view url) {
    constexpr std::string_view scheme = "https://";
    const std::string problem =
        in_quotes(url) + " is not of the form https://HOST:PORT, with certificates on both sides";
    if (!url.starts_with(scheme)) return problem;
    const std::string_view rest = url.substr(scheme.size());
    const std::size_t colon = rest.rfind(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == rest.size()) return problem;
    const bool has_port = std::ranges::all_of(rest.substr(colon + 1), [](char c) { return c >= '0' && c <= '9'; });
    const bool has_host = std::ranges::all_of(rest.substr(0, colon), [](char c) {
        return is_letter_or_digit(c) || c == '-' || c == '.' || c == ':' || c == '[' || c == ']';
    });
    return has_port && has_host ? std::string() : problem;
}

void read_name_into(const ConfigFile& file, const Setting& setting, bool may_be_empty, std::string& into) {
    const auto name = read_text(file, setting, "a name");
    if (!name) return;
    const std::string problem = problem_of_name(*name);
    if (!problem.empty() && !(may_be_empty && name->empty())) return file.fault(setting, problem);
    into = *name;
}

template <std::string Fleet::*member>
void read_file(const ConfigFile& file, ConfigDraft& draft, const Setting& setting) {
    read_path_into(file, setting, problem_of_absolute_path, draft.config.fleet.*member);
}

constexpr std::array<DraftKey, 10> fleet_keys{{
    {"name", [](const ConfigFile& file, ConfigDraft& draft,
                const Setting& setting) { read_name_into(file, setting, false, draft.config.fleet.name); }},
    {"host", [](const ConfigFile& file, ConfigDraft& draft,
                const Setting& setting) { read_name_into(file, setting, true, draft.config.fleet.host); }},
    {"endpoints",
     [](const ConfigFile& file, ConfigDraft& draft, const Setting& setting) {
         if (setting.node.is_blank()) return;
         if (!has_form(file, setting, YamlNode::Kind::Sequence, "a list of https://HOST:PORT")) return;
         add_to_list(file, setting, as_it_is, problem_of_endpoint, draft.config.fleet.endpoints);
     }},
    {"ca", read_file<&Fleet::ca>},
    {"certificate", read_file<&Fleet::certificate>},
    {"key", read_file<&Fleet::key>},
    {"operator_certificate", read_file<&Fleet::operator_certificate>},
    {"operator_key", read_file<&Fleet::operator_key>},
    {"loss_timeout",
     [](const ConfigFile& file, ConfigDraft& draft, const Setting& setting) {
         const auto timeout = read_duration(file, setting);
         if (timeout && lies_between(file, setting, *timeout, shortest_loss, longest_loss)) {
             draft.config.fleet.loss_timeout = *timeout;
         }
     }},
    {"on_loss",
     [](const ConfigFile& file, ConfigDraft& draft, const Setting& setting) {
         read_word_into<OnLoss>(file, setting, losses, draft.config.fleet.on_loss);
     }},
}};

}  // namespace

void read_fleet(const ConfigFile& file, ConfigDraft& draft, const Setting& setting) {
    read_map<ConfigDraft>(file, draft, setting, fleet_keys);
}

}  // namespace ess

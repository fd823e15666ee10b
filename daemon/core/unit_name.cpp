#include "core/unit_name.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <climits>
#include <cstddef>

namespace ess {

namespace {

/// UNIT_NAME_MAX of systemd, less its NUL.
constexpr std::size_t longest_name = 255;

constexpr std::array<std::string_view, 11> unit_types{"service", "socket", "target", "device", "mount", "automount",
                                                      "swap",    "timer",  "path",   "slice",  "scope"};

// Grouped by what would be lost. Entries end in ".*" where a program has a socket or timer under the same name. None
// begins with a star: "*-exporter.service" would overlap every pattern that an allow-list can have.
constexpr auto protected_entries = std::to_array<std::string_view>(
    {// The bus, PID 1's own services, and the aliases they are known by on the bus.
     "dbus.*", "dbus-*", "systemd-*", "init.scope", "-.slice", "*.target", "polkit.*",
     // The stop itself. Not "quantum-ess*": a "quantum-essence.service" is the operators' own.
     "essd.*", "quantum-ess.*", "quantum-ess-*", "quantum-ess@*",
     // The way in, for people and for the network.
     "ssh.*", "ssh@*", "sshd.*", "sshd-*", "sshd@*", "dropbear.*", "dropbear@*", "user@*", "user-runtime-dir@*",
     "getty@*", "serial-getty@*", "console-getty.*", "container-getty@*", "autovt@*", "emergency.*", "rescue.*",
     "NetworkManager.*", "NetworkManager-*", "networking.*", "ifup@*", "wpa_supplicant.*", "wpa_supplicant@*",
     "nftables.*", "iptables.*", "firewalld.*",
     // Right time and a record of what happened.
     "chrony.*", "chronyd.*", "chrony-*", "ntp.*", "ntpd.*", "ntpsec.*", "rsyslog.*", "syslog.*", "syslog-ng.*",
     "syslog-ng@*", "auditd.*",
     // The monitoring, which shows what the stop did, and the store that it and the operators' markers are in.
     "prometheus.*", "prometheus-*", "prometheus@*", "alertmanager.*", "pushgateway.*", "node_exporter.*",
     "node-exporter.*", "redis_exporter.*", "redis-exporter.*", "process_exporter.*", "process-exporter.*",
     "blackbox_exporter.*", "blackbox-exporter.*", "grafana.*", "grafana-*", "loki.*", "promtail.*", "alloy.*",
     "thanos-*", "victoriametrics.*", "vmagent.*", "vmalert.*", "otelcol.*", "otelcol-*", "telegraf.*", "influxdb.*",
     "collectd.*", "netdata.*", "zabbix-agent.*", "zabbix-agent2.*", "monit.*", "redis.*", "redis-server*",
     "redis-sentinel*", "redis@*", "valkey.*", "valkey-server*"});

bool is_name_character(char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') || std::string_view(":-_.\\@").find(c) != std::string_view::npos;
}

bool are_name_characters(std::string_view text) {
    return std::all_of(text.begin(), text.end(), is_name_character);
}

/// "service" of "a.service"; empty if the end is no unit type.
std::string_view type_of(std::string_view name) {
    const std::size_t dot = name.rfind('.');
    if (dot == std::string_view::npos) return {};
    const std::string_view type = name.substr(dot + 1);
    return std::find(unit_types.begin(), unit_types.end(), type) == unit_types.end() ? std::string_view{} : type;
}

/// "a@b" of "a@b.service".
std::string_view stem_of(std::string_view name) {
    return name.substr(0, name.rfind('.'));
}

using CharacterSet = std::bitset<UCHAR_MAX + 1>;

/// One step of a glob(7) pattern: one character of a set, or a star.
struct Step {
    CharacterSet characters;
    bool star = false;
};

std::size_t index_of(char c) {
    return static_cast<unsigned char>(c);
}

/// Reads "[a-z]" or "[!a-z]" at the front and takes it off; without a closing bracket, a bracket is just a character.
CharacterSet take_bracket(std::string_view& glob) {
    CharacterSet set;
    const bool negated = glob.size() > 1 && (glob[1] == '!' || glob[1] == '^');
    const std::size_t first = negated ? 2 : 1;
    // A "]" at the front is one of the characters (glob(7)).
    const std::size_t close = glob.find(']', first + 1);
    if (close == std::string_view::npos) {
        set.set(index_of(glob.front()));
        glob.remove_prefix(1);
        return set;
    }
    for (std::size_t i = first; i < close; ++i) {
        const bool range = i + 2 < close && glob[i + 1] == '-';
        const std::size_t last = index_of(range ? glob[i + 2] : glob[i]);
        for (std::size_t c = index_of(glob[i]); c <= last; ++c)
            set.set(c);
        if (range) i += 2;
    }
    glob.remove_prefix(close + 1);
    return negated ? ~set : set;
}

std::vector<Step> steps_of(std::string_view glob) {
    std::vector<Step> steps;
    while (!glob.empty()) {
        Step step;
        if (glob.front() == '[') {
            step.characters = take_bracket(glob);
        } else {
            step.star = glob.front() == '*';
            if (glob.front() == '?') {
                step.characters.set();
            } else {
                step.characters.set(index_of(glob.front()));
            }
            glob.remove_prefix(1);
        }
        steps.push_back(step);
    }
    return steps;
}

/// Whether some name fits both globs. Walks both from the end: row[j] says whether a[i..] and b[j..] have a name in
/// common. Linear in the product of the lengths whatever the stars, unlike backtracking.
bool overlap(const std::vector<Step>& a, const std::vector<Step>& b) {
    std::vector<char> below(b.size() + 1, 0);
    for (std::size_t i = a.size() + 1; i-- > 0;) {
        std::vector<char> row(b.size() + 1, 0);
        for (std::size_t j = b.size() + 1; j-- > 0;) {
            const bool a_left = i < a.size();
            const bool b_left = j < b.size();
            if (!a_left && !b_left) {
                row[j] = 1;
            } else if ((a_left && a[i].star) || (b_left && b[j].star)) {
                // A star stands for nothing, or swallows one step of the other side.
                row[j] = (a_left && below[j] != 0) || (b_left && row[j + 1] != 0) ? 1 : 0;
            } else if (a_left && b_left && (a[i].characters & b[j].characters).any()) {
                row[j] = below[j + 1];
            }
        }
        below = std::move(row);
    }
    return below[0] != 0;
}

/// Tells most pairs apart without building their steps: the generator does this for every rule at every Reload.
bool have_different_heads(std::string_view a, std::string_view b) {
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        if (is_pattern(a.substr(i, 1)) || is_pattern(b.substr(i, 1))) return false;
        if (a[i] != b[i]) return true;
    }
    return false;
}

/// An allow-list rule as a glob. An instance is never empty, so "a@*" is not "a@.service", which is no unit.
std::vector<Step> steps_of_rule(std::string_view rule) {
    std::vector<Step> steps = steps_of(rule);
    const std::size_t star = rule.find("@*");
    // Without brackets, as here, each character is one step.
    if (star != std::string_view::npos && is_supported_pattern(rule)) {
        Step any;
        any.characters.set();
        steps.insert(steps.begin() + static_cast<std::ptrdiff_t>(star + 1), any);
    }
    return steps;
}

}  // namespace

bool is_unit_name(std::string_view name) {
    if (name.size() > longest_name || type_of(name).empty()) return false;
    const std::string_view stem = stem_of(name);
    return !stem.empty() && stem.front() != '@' && stem.find('@') != stem.size() - 1 && are_name_characters(stem);
}

std::string with_suffix(std::string_view name) {
    std::string full(name);
    if (type_of(name).empty()) full += ".service";
    return full;
}

bool is_pattern(std::string_view name) {
    return name.find_first_of("*?[") != std::string_view::npos;
}

bool is_supported_pattern(std::string_view name) {
    if (name.size() > longest_name || type_of(name).empty()) return false;
    std::string_view stem = stem_of(name);
    if (stem.size() < 3 || stem.back() != '*') return false;
    stem.remove_suffix(1);
    const char before_star = stem.back();
    const std::string_view prefix = stem.substr(0, stem.size() - 1);
    // "-*.service" would be the drop-ins of "-.service", which systemd does not look for.
    const bool known_prefix = prefix.find('@') == std::string_view::npos && prefix.front() != '-';
    return (before_star == '@' || before_star == '-') && known_prefix && are_name_characters(prefix);
}

bool matches(std::string_view rule, std::string_view name) {
    if (!is_pattern(rule)) return rule == name;
    return is_supported_pattern(rule) && is_unit_name(name) && overlap(steps_of_rule(rule), steps_of(name));
}

std::string dropin_directory(std::string_view rule) {
    std::string directory(rule);
    std::erase(directory, '*');
    return directory + ".d";
}

std::span<const std::string_view> built_in_protected() {
    return protected_entries;
}

std::string protecting_entry(std::string_view rule, const std::vector<std::string>& operators) {
    const std::vector<Step> steps = steps_of_rule(rule);
    const auto covers = [&](std::string_view entry) {
        return !have_different_heads(entry, rule) && overlap(steps_of(entry), steps);
    };
    const std::span<const std::string_view> entries = built_in_protected();
    const auto built_in = std::find_if(entries.begin(), entries.end(), covers);
    if (built_in != entries.end()) return std::string(*built_in);
    const auto own = std::find_if(operators.begin(), operators.end(), covers);
    return own == operators.end() ? std::string{} : *own;
}

}  // namespace ess

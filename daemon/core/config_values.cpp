#include "core/config_values.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/text.hpp"
#include "core/unit_name.hpp"

namespace ess {

namespace {

/// As much of a wrong value as a message repeats.
constexpr std::size_t shown_value_limit = 80;

/// PATH_MAX, less its NUL.
constexpr std::size_t longest_path = 4095;

/// Where essd, under its unit file, has a directory of its own (PrivateTmp=, PrivateDevices=) or may not write
/// (ProtectSystem=full, ProtectHome=read-only).
constexpr std::array<std::string_view, 3> not_shared{"/dev/", "/tmp/", "/var/tmp/"};
constexpr std::array<std::string_view, 9> not_writable{"/boot/", "/efi/",      "/etc/", "/home/", "/proc/",
                                                       "/root/", "/run/user/", "/sys/", "/usr/"};

/// NAME_MAX less the ".d" of the drop-in directory that the guard makes for the unit.
constexpr std::size_t longest_rule_name = 253;

/// Above what useradd(8), 32, and the directories of companies have.
constexpr std::size_t longest_account = 256;

/// Types whose start sets trading going. The rest is refused: a target, slice or scope groups units that nobody listed,
/// and mounts, swaps and devices are the host's.
constexpr std::array<std::string_view, 4> stoppable_types{"service", "socket", "timer", "path"};

/// The end of a protected entry for a program's service, socket and timer alike.
constexpr std::string_view any_type = ".*";

constexpr std::string_view quote_free = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+@";

bool has_stoppable_type(std::string_view name) {
    const std::string_view type = name.substr(name.rfind('.') + 1);
    return std::find(stoppable_types.begin(), stoppable_types.end(), type) != stoppable_types.end();
}

/// "strategy" of "strategy@.service"; empty if it is no template.
std::string_view template_prefix(std::string_view name) {
    const std::string_view stem = name.substr(0, name.rfind('.'));
    return stem.find('@') + 1 == stem.size() && !stem.empty() ? stem.substr(0, stem.size() - 1) : std::string_view{};
}

constexpr std::string_view normal_form = R"( without "..", ".", "//" and a "/" at its end)";

bool is_normal(std::string_view relative) {
    while (true) {
        const std::size_t slash = relative.find('/');
        const std::string_view component = relative.substr(0, slash);
        if (component.empty() || component == "." || component == "..") return false;
        if (slash == std::string_view::npos) return true;
        relative.remove_prefix(slash + 1);
    }
}

std::string problem_of_any_path(std::string_view path) {
    if (path.size() > longest_path) return "is longer than a path can be";
    // Leaves a path as it is unless there is something in it that a screen would not show.
    if (clean_line(path, longest_path + 1) != path) return in_quotes(path) + " has characters that cannot be shown";
    return {};
}

/// Empty if essd, under its unit file, can write there and others see it.
std::string problem_of_place(std::string_view path) {
    const auto is_below = [&](std::string_view place) { return path.starts_with(place); };
    if (std::ranges::any_of(not_shared, is_below))
        return in_quotes(path) +
               " is where essd.service has a directory of its own: essd and others would not see the same";
    if (std::ranges::any_of(not_writable, is_below)) return in_quotes(path) + " is where essd.service may not write";
    return {};
}

}  // namespace

std::string in_quotes(std::string_view text) {
    std::string shown(1, '"');
    return shown.append(clean_line(text, shown_value_limit)).append(1, '"');
}

std::string problem_of_rule_name(std::string_view name) {
    if (name.size() > longest_rule_name)
        return in_quotes(name) + " is longer than " + std::to_string(longest_rule_name) + " bytes";
    if (is_pattern(name) && !is_supported_pattern(name))
        return in_quotes(name) +
               " is not a pattern that the guard can cover: write all instances as \"name@*.service\", or a prefix "
               "that "
               "ends in a dash as \"name-*.service\"";
    if (const std::string_view prefix = template_prefix(name); !prefix.empty())
        return in_quotes(name) + " is a template, not a unit: write " + in_quotes(std::string(prefix) + "@*.service") +
               " for all of its instances";
    if (!is_pattern(name) && !is_unit_name(name)) return in_quotes(name) + " is not a name that a unit can have";
    if (!has_stoppable_type(name))
        return in_quotes(name) + ": only service, socket, timer and path units can be stopped";
    return {};
}

std::string problem_of_account(std::string_view name) {
    // What no name in passwd(5) or group(5) has, or would look like more than one; directories of companies allow
    // nearly all else.
    const bool fits = !name.empty() && name.size() <= longest_account &&
                      clean_line(name, longest_account + 1) == name &&
                      name.find_first_of(":/,*\n") == std::string_view::npos;
    if (!fits || name.front() == '-') return in_quotes(name) + " is not a name that a user or group can have";
    if (name.find_first_not_of("0123456789") == std::string_view::npos)
        return in_quotes(name) + " is a number: write the name";
    return {};
}

std::string protected_entry(std::string_view text) {
    return text.ends_with(any_type) ? std::string(text) : with_suffix(text);
}

std::string problem_of_protected(std::string_view name) {
    // With every wildcard taken for a letter, a glob over unit names is a unit name.
    std::string plain(name);
    if (plain.ends_with(any_type)) plain.replace(plain.size() - any_type.size(), any_type.size(), ".service");
    char before = '\0';
    for (char& c : plain) {
        const bool negation = (c == '!' || c == '^') && before == '[';
        before = c;
        if (negation || std::string_view("*?[]").find(c) != std::string_view::npos) c = 'x';
    }
    if (is_unit_name(plain)) return {};
    if (!template_prefix(plain).empty()) return in_quotes(name) + " is a template: write \"name@*.service\"";
    return in_quotes(name) + " is neither the name of a unit nor a pattern for such names";
}

std::string problem_of_absolute_path(std::string_view path) {
    if (std::string problem = problem_of_any_path(path); !problem.empty()) return problem;
    if (!path.starts_with('/')) return in_quotes(path) + " must be an absolute path";
    if (!is_normal(path.substr(1))) return in_quotes(path) + " must be" + std::string(normal_form);
    return {};
}

std::string problem_of_latch_path(std::string_view path) {
    if (std::string problem = problem_of_absolute_path(path); !problem.empty()) return problem;
    if (path.find_first_not_of(quote_free) != std::string_view::npos)
        return in_quotes(path) + " may only have letters, digits and / . _ - + @";
    return problem_of_place(path);
}

std::string problem_of_textfile(std::string_view path) {
    if (path.empty()) return {};
    if (std::string problem = problem_of_absolute_path(path); !problem.empty()) return problem;
    // The collector reads no other (node_exporter, README, "Textfile Collector"), and our own temporary file neither.
    const std::string_view name = path.substr(path.rfind('/') + 1);
    if (!name.ends_with(".prom") || name.starts_with('.'))
        return in_quotes(path) + " must be NAME.prom: the collector reads no other files";
    return problem_of_place(path);
}

std::string problem_of_relative_path(std::string_view path) {
    if (std::string problem = problem_of_any_path(path); !problem.empty()) return problem;
    if (path.starts_with('/')) return in_quotes(path) + " must be relative to config_hash.directory";
    if (!is_normal(path)) return in_quotes(path) + " must be a file name," + std::string(normal_form);
    return {};
}

}  // namespace ess

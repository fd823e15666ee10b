#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ess {

/// Whether systemd would take this as the name of a unit (systemd.unit(5)), suffix included, at most 255 bytes. A
/// template, "strategy@.service", is none: it cannot run.
[[nodiscard]] bool is_unit_name(std::string_view name);

/// Adds ".service" to a name without a unit suffix, as systemctl does: "redis-server" gives "redis-server.service".
[[nodiscard]] std::string with_suffix(std::string_view name);

/// Whether the name of an allow-list rule stands for many units.
[[nodiscard]] bool is_pattern(std::string_view name);

/// The patterns an allow-list may have are the two that systemd's own drop-in rules cover for units that do not exist
/// yet (systemd.unit(5)): all instances of a template, "strategy@*.service", and all units below a dash prefix,
/// "quantum-strategy-*.service". Anything else could name a unit that no guard reaches, so it is refused.
[[nodiscard]] bool is_supported_pattern(std::string_view name);

/// Whether `rule`, a unit name or a supported pattern, covers the unit `name`. A dash prefix covers instances too, as
/// its drop-ins do (seen on systemd 252): "quantum-*.service" covers "quantum-strategy@btc.service".
[[nodiscard]] bool matches(std::string_view rule, std::string_view name);

/// The directory name of the drop-ins that apply to exactly the units of `rule` (systemd.unit(5)): "a.service.d",
/// "strategy@.service.d", "quantum-strategy-.service.d".
[[nodiscard]] std::string dropin_directory(std::string_view rule);

/// Units that a trip must never touch: the bus, systemd's own, logins, this daemon. With the operators' own list, which
/// comes from the configuration. Patterns as in glob(7), for a whole unit name.
[[nodiscard]] std::span<const std::string_view> built_in_protected();

/// The entry of the built-in list or of `operators` which covers a unit that `rule` covers; empty if there is none.
[[nodiscard]] std::string protecting_entry(std::string_view rule, const std::vector<std::string>& operators);

}  // namespace ess

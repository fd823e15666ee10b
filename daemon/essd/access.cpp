#include "essd/access.hpp"

#include "core/paths.hpp"

namespace ess::essd {

namespace {

/// The id, if there is one; otherwise what is wrong is added to `problems`.
template <class Id>
std::optional<Id> known(const Result<std::optional<Id>>& found, const std::string& what,
                        std::vector<std::string>& problems) {
    if (found && *found) return *found;
    problems.push_back(found ? "there is no " + what : found.error().text);
    return std::nullopt;
}

}  // namespace

Access find_access(const Config& config) {
    Access access;
    for (const std::string& name : config.control.groups) {
        const auto id = known(host::find_group(name), "group " + name, access.problems);
        if (id) access.operators.groups.push_back(*id);
    }
    for (const std::string& name : config.control.users) {
        const auto id = known(host::find_user(name), "user " + name, access.problems);
        if (id) access.operators.users.push_back(*id);
    }
    if (config.fleet.is_used()) {
        access.fleet =
            known(host::find_user(paths::fleet_account), std::string("user ") + paths::fleet_account, access.problems);
    }
    if (access.fleet) access.operators.users.push_back(*access.fleet);
    if (const auto group = host::find_group(paths::group)) access.latch_group = *group;
    return access;
}

}  // namespace ess::essd

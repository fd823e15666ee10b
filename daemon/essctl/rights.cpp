#include "essctl/rights.hpp"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <string_view>

#include "core/paths.hpp"

namespace ess::essctl {

namespace {

bool is_listed_in(const group& group, std::string_view name) {
    for (char* const* member = group.gr_mem; member != nullptr && *member != nullptr; ++member) {
        if (name == *member) return true;
    }
    return false;
}

}  // namespace

std::string how_to_be_permitted() {
    const std::string wanted = paths::group;
    const passwd* const user = ::getpwuid(::getuid());
    const std::string name = user != nullptr ? user->pw_name : "uid " + std::to_string(::getuid());
    const group* const operators = ::getgrnam(paths::group);
    if (operators == nullptr) return "be root (there is no group " + wanted + " here: systemd-sysusers makes it)";
    if (user != nullptr && is_listed_in(*operators, name)) {
        return name + " is in the group " + wanted + ", but this login is older than that: log in again";
    }
    std::string rule = "be root or a member of the group " + wanted;
    if (user == nullptr) return rule;
    return rule + " (as root: usermod -aG " + wanted + " " + name + ", then log in again)";
}

}  // namespace ess::essctl

#include "essctl/person.hpp"

#include <pwd.h>
#include <sys/types.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <limits>
#include <optional>

#include "base/file.hpp"
#include "base/text.hpp"

namespace ess::essctl {

namespace {

/// /proc/self/loginuid: set once at login, and kept through su and sudo (pam_loginuid(8)). -1: nobody logged in.
std::optional<uid_t> login_uid() {
    const auto text = read_file("/proc/self/loginuid", 64);
    if (!text) return std::nullopt;
    const std::string_view digits = trim(*text);
    uid_t uid = 0;
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), uid);
    if (fault != std::errc{} || uid == std::numeric_limits<uid_t>::max()) return std::nullopt;
    return uid;
}

std::string name_of(uid_t uid) {
    const passwd* const entry = ::getpwuid(uid);
    return entry != nullptr ? entry->pw_name : "uid " + std::to_string(uid);
}

}  // namespace

std::string person() {
    if (const auto uid = login_uid()) return name_of(*uid);
    const char* const sudo_user = std::getenv("SUDO_USER");
    if (::geteuid() == 0 && sudo_user != nullptr && *sudo_user != '\0') return sudo_user;
    return name_of(::getuid());
}

}  // namespace ess::essctl

#include "essctl/known_names.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/fd.hpp"
#include "core/operation_number.hpp"
#include "core/paths.hpp"
#include "essctl/daemon_client.hpp"
#include "essctl/status_view.hpp"
#include "host/config_files.hpp"
#include "host/ledger_scan.hpp"

namespace ess::essctl {

namespace {

/// A person waits with a finger on the key.
constexpr Micros patience = std::chrono::milliseconds(300);
constexpr std::size_t most_ids = 50;
/// Of each segment, from its end: some hundred entries.
constexpr std::size_t tail_size = 256UL * 1024;

/// The names of the ledger's files, the newest first.
std::vector<std::string> segments() {
    std::vector<std::string> files;
    std::error_code fault;
    for (std::filesystem::directory_iterator entry(paths::ledger_directory, fault), end; !fault && entry != end;
         entry.increment(fault)) {
        const std::string name = entry->path().filename();
        if (host::parse_segment(name)) files.push_back(entry->path());
    }
    std::ranges::sort(files, std::greater<>());
    return files;
}

std::string tail_of(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat found {};
    if (!file || ::fstat(file.get(), &found) != 0) return "";
    const auto size = static_cast<std::size_t>(found.st_size);
    std::string bytes(std::min(size, tail_size), '\0');
    const ssize_t count = ::pread(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(size - bytes.size()));
    bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return bytes;
}

StatusView status_now() {
    const auto status = ask_daemon("Status", Json::object(), patience);
    return status ? view_of(*status) : StatusView{};
}

}  // namespace

std::vector<std::string> newest_operation_ids() {
    constexpr std::string_view key = R"("operation_id":")";
    std::vector<std::string> ids;
    std::set<std::string> known;
    for (const std::string& path : segments()) {
        const std::string bytes = tail_of(path);
        for (std::size_t at = bytes.rfind(key); at != std::string::npos;
             at = at > 0 ? bytes.rfind(key, at - 1) : at - 1) {
            const std::size_t begin = at + key.size();
            const std::size_t end = bytes.find('"', begin);
            if (end == std::string::npos) continue;
            const std::string id = bytes.substr(begin, end - begin);
            if (parse_operation_id(id) && known.insert(id).second) ids.push_back(id);
            if (ids.size() == most_ids) return ids;
        }
    }
    return ids;
}

std::vector<std::string> pending_reset_ids() {
    const auto pending = status_now().pending_reset;
    return pending ? std::vector<std::string>{pending->id} : std::vector<std::string>{};
}

std::vector<std::string> allowed_units() {
    std::vector<std::string> names;
    for (const UnitView& unit : status_now().units)
        names.push_back(unit.name);
    if (!names.empty()) return names;
    for (const UnitRule& rule : host::read_best_config().config.units) {
        if (rule.name.find_first_of("*?[") == std::string::npos) names.push_back(rule.name);
    }
    return names;
}

}  // namespace ess::essctl

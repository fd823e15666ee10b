#include "essctl/ledger_reading.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/text.hpp"
#include "essctl/screen.hpp"
#include "host/ledger_scan.hpp"
#include "host/segment_reader.hpp"

namespace ess::essctl {

namespace {

constexpr std::size_t suggested = 3;
constexpr const char* who_may_read = "; it is for root and members of the group quantum-ess";

bool has_line(const std::string& path, std::string_view wanted) {
    auto file = host::open_segment(path);
    if (!file) return false;
    host::SegmentReader reader(std::move(*file));
    while (true) {
        const auto piece = reader.next();
        if (!piece || !*piece) return false;
        if ((*piece)->whole && (*piece)->line() == wanted) return true;
    }
}

/// The file that has this line; lines differ in their seq.
std::string segment_of(const std::string& directory, std::string_view line) {
    std::error_code fault;
    for (auto at = std::filesystem::directory_iterator(directory, fault);
         !fault && at != std::filesystem::directory_iterator(); at.increment(fault)) {
        std::string name = at->path().filename().string();
        if (host::parse_segment(name) && has_line(at->path().string(), line)) return name;
    }
    return {};
}

std::string suggestions(const std::string& id, const std::vector<std::string>& ids) {
    std::vector<std::string_view> left(ids.begin(), ids.end());
    std::vector<std::string> near;
    while (near.size() < suggested) {
        const std::string_view next = nearest(id, left);
        if (next.empty()) break;
        near.emplace_back(next);
        std::erase(left, next);
    }
    return near.empty() ? "see: essctl ledger list" : "did you mean " + join(near, ", ") + "?";
}

}  // namespace

std::optional<FoundEntry> find_operation(const std::string& directory, const std::string& id) {
    OperationFinder finder(id);
    std::string bytes_found;
    std::vector<std::string> ids;
    const auto scan = host::scan_ledger(directory, [&](const LedgerLine& line, std::string_view bytes) {
        const bool known = finder.found().has_value();
        finder.take(line, bytes);
        if (!known && finder.found()) bytes_found = bytes;
        if (known || finder.found()) return;
        if (const auto operation = operation_of(line, bytes)) ids.push_back(operation->id());
    });
    if (!scan) {
        const bool denied = scan.error().code == EACCES || scan.error().code == EPERM;
        err("essctl: " + scan.error().text + (denied ? who_may_read : "") + "\n");
        return std::nullopt;
    }
    for (const host::LedgerDamage& damage : scan->unreported)
        err("essctl: the ledger is damaged: " + damage.file + ": " + damage.reason + "; see: essctl ledger verify\n");
    if (!finder.found()) {
        err("essctl: no entry " + clean_line(id, 80) + "; " + suggestions(id, ids) + "\n");
        return std::nullopt;
    }
    return FoundEntry{*finder.found(), segment_of(directory, bytes_found)};
}

}  // namespace ess::essctl

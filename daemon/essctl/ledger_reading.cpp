#include "essctl/ledger_reading.hpp"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/text.hpp"
#include "core/ledger_log.hpp"
#include "essctl/screen.hpp"
#include "host/ledger_scan.hpp"
#include "host/segment_reader.hpp"

namespace ess::essctl {

namespace {

constexpr std::size_t suggested = 3;

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
        const std::string name = at->path().filename().string();
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

std::optional<FoundOperation> find_operation(const std::string& directory, const std::string& id) {
    std::optional<FoundOperation> found;
    std::string bytes_found;
    std::vector<std::string> ids;
    LedgerLog log;
    const auto scan = host::scan_ledger(directory, [&](const LedgerLine& line, std::string_view bytes) {
        // What is wrong with the log itself is for verify to say.
        static_cast<void>(log.take(line, bytes));
        if (found) {
            static_cast<void>(add_to(found->operation, line));
            return;
        }
        auto operation = operation_of(line, bytes);
        if (!operation) return;
        ids.push_back(operation->id());
        if (operation->id() != id) return;
        found = FoundOperation{std::move(*operation), line, log.key() ? log.key()->name() : "", {}};
        bytes_found = bytes;
    });
    if (!scan) {
        err("essctl: " + scan.error().text + "\n");
        return std::nullopt;
    }
    for (const host::LedgerDamage& damage : scan->unreported)
        err("essctl: the ledger is damaged: " + damage.file + ": " + damage.reason + "; see: essctl ledger verify\n");
    if (!found) {
        err("essctl: no entry " + clean_line(id, 80) + "; " + suggestions(id, ids) + "\n");
        return std::nullopt;
    }
    found->segment = segment_of(directory, bytes_found);
    return found;
}

}  // namespace ess::essctl

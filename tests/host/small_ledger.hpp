#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "host/ledger_file.hpp"
#include "host/ledger_scan.hpp"
#include "scratch_directory.hpp"

/// Small ledgers, their bytes and their lines.
namespace ess::test {

using host::LedgerDraft;
using host::LedgerFile;

constexpr const char* january = "2026-01-28T10:00:00Z";
constexpr const char* january_file = "2026-01.001.jsonl";

inline LedgerDraft draft(const char* when = january, LedgerKind kind = LedgerKind::Trip) {
    return {kind, {{"operation_name", "ESS trip"}}, {{"reason", "test"}}, *ess::from_rfc3339(when)};
}

inline LedgerFile open(const std::string& directory) {
    auto ledger = LedgerFile::open({directory, {}, {}, {}});
    REQUIRE_MESSAGE(ledger, (ledger ? std::string() : ledger.error().text));
    return std::move(*ledger);
}

inline ess::host::LedgerReceipt append(LedgerFile& ledger, const char* when = january) {
    auto receipt = ledger.append(draft(when));
    REQUIRE_MESSAGE(receipt, (receipt ? std::string() : receipt.error().text));
    return *receipt;
}

inline std::vector<std::string> lines_of(const LedgerFile& ledger) {
    std::vector<std::string> lines;
    REQUIRE(ledger.for_each([&](const LedgerLine&, std::string_view bytes) { lines.emplace_back(bytes); }));
    return lines;
}

inline std::string bytes_of(const std::string& path) {
    auto bytes = ess::read_file(path, 1U << 24U);
    REQUIRE(bytes);
    return *bytes;
}

inline void put_bytes(const std::string& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

inline std::set<std::string> segments_in(const std::string& directory) {
    std::set<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(directory)) {
        if (ess::host::parse_segment(file.path().filename().string())) names.insert(file.path().filename().string());
    }
    return names;
}

/// The bytes of a segment with so many entries.
inline std::string small_ledger(int entries) {
    const ScratchDirectory scratch;
    auto ledger = open(scratch.path());
    for (int i = 0; i < entries; ++i)
        append(ledger);
    return bytes_of(scratch.file(january_file));
}

inline ess::host::LedgerScan scan(const std::string& directory) {
    auto result = ess::host::scan_ledger(directory, {});
    REQUIRE(result);
    return *result;
}

}  // namespace ess::test

#include "host/ledger_file.hpp"

#include <doctest/doctest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/sha256.hpp"
#include "small_ledger.hpp"

using namespace ess::test;
using ess::Json;
using ess::LedgerKind;
using ess::LedgerLine;

namespace {

/// From here on each fdatasync of this thread fails with EIO and does nothing. Whether the kernel allows such a filter.
bool fail_fdatasync() {
    std::array<sock_filter, 4> code{{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fdatasync, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EIO),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    const sock_fprog program{code.size(), code.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

}  // namespace

TEST_CASE("entries are numbered, chained, and on the disk when append returns") {
    const ScratchDirectory scratch;
    const std::string directory = scratch.file("ledger");
    std::vector<std::string> hashes;
    {
        auto ledger = open(directory);
        CHECK(ledger.head().entries == 0);
        CHECK(ledger.head().hash == ess::ledger_zero_hash);
        const auto first = append(ledger);
        CHECK(first.operation_id == "OPS-2026-01-28-001");
        CHECK(first.seq == 1);
        hashes.push_back(first.hash);
        CHECK(append(ledger).operation_id == "OPS-2026-01-28-002");
        auto own = draft();
        own.entry["operation_id"] = "OPS-2026-01-28-007";
        CHECK(ledger.append(own)->operation_id == "OPS-2026-01-28-007");
        CHECK(append(ledger).operation_id == "OPS-2026-01-28-008");
        CHECK(bytes_of(directory + "/" + january_file).ends_with("}\n"));
    }
    struct stat info {};
    REQUIRE(::stat(directory.c_str(), &info) == 0);
    CHECK((info.st_mode & 07777U) == 0750);
    auto ledger = open(directory);
    CHECK(ledger.head().entries == 4);
    CHECK(ledger.unreported().empty());
    CHECK(append(ledger).operation_id == "OPS-2026-01-28-009");
    const auto lines = lines_of(ledger);
    REQUIRE(lines.size() == 5);
    CHECK(hashes[0] == ess::sha256_hex(lines[0]));
    for (std::size_t i = 1; i < lines.size(); ++i)
        CHECK(ess::parse_ledger_line(lines[i])->prev == ess::sha256_hex(lines[i - 1]));
    CHECK(segments_in(directory) == std::set<std::string>{january_file});
}

TEST_CASE("a new segment each month, and never an earlier one") {
    const ScratchDirectory scratch;
    auto ledger = open(scratch.path());
    append(ledger, "2026-01-31T23:59:59.999999Z");
    append(ledger, "2026-02-01T00:00:00Z");
    CHECK(append(ledger, "2026-01-31T23:00:00Z").operation_id == "OPS-2026-01-31-002");
    CHECK(segments_in(scratch.path()) == std::set<std::string>{"2026-01.001.jsonl", "2026-02.001.jsonl"});
    CHECK(scan(scratch.path()).head.entries == 3);
    CHECK(scan(scratch.path()).unreported.empty());
}

TEST_CASE("a second writer is refused") {
    const ScratchDirectory scratch;
    {
        const auto first = open(scratch.path());
        const auto second = LedgerFile::open({scratch.path(), {}, {}, {}});
        REQUIRE_FALSE(second);
        CHECK(second.error().text.find("another process writes this ledger") != std::string::npos);
    }
    CHECK(LedgerFile::open({scratch.path(), {}, {}, {}}));
}

TEST_CASE("a directory that something else has replaced is noticed") {
    const ScratchDirectory scratch;
    const std::string path = scratch.file("ledger");
    auto ledger = open(path);
    append(ledger);
    CHECK_FALSE(ledger.is_displaced());
    std::filesystem::rename(path, scratch.file("away"));
    CHECK(ledger.is_displaced());
    std::filesystem::create_directory(path);
    CHECK(ledger.is_displaced());
    std::filesystem::remove(path);
    std::filesystem::rename(scratch.file("away"), path);
    CHECK_FALSE(ledger.is_displaced());
}

TEST_CASE("what cannot be an entry is refused, and harms nothing") {
    const ScratchDirectory scratch;
    auto ledger = open(scratch.path());
    auto wrong = draft();
    wrong.entry["x"] = 1.5;
    CHECK_FALSE(ledger.append(wrong));
    wrong.entry = "text";
    CHECK_FALSE(ledger.append(wrong));
    wrong.entry = {{"notes", std::string(ess::ledger_line_limit, 'x')}};
    CHECK_FALSE(ledger.append(wrong));
    CHECK(append(ledger).seq == 1);
    CHECK(ledger.unreported().empty());
}

TEST_CASE("what is derived from the ledger sees each line once") {
    const ScratchDirectory scratch;
    std::vector<std::uint64_t> seen;
    const auto note = [&](const LedgerLine& line, std::string_view) { seen.push_back(line.seq); };
    {
        auto ledger = LedgerFile::open({scratch.path(), note, note, {}});
        append(*ledger);
        append(*ledger);
    }
    CHECK(seen == std::vector<std::uint64_t>{1, 2});
    seen.clear();
    put_bytes(scratch.file("2026-01.002.jsonl"), "torn");
    auto ledger = LedgerFile::open({scratch.path(), note, note, [] { return Json{{"hostname", "a"}}; }});
    append(*ledger);
    CHECK(seen == std::vector<std::uint64_t>{1, 2, 3, 4});
    CHECK(ess::parse_ledger_line(lines_of(*ledger)[2])->entry["hostname"] == "a");
}

TEST_CASE("nothing is written behind bytes that something else put there") {
    const ScratchDirectory scratch;
    auto ledger = open(scratch.path());
    append(ledger);
    std::ofstream(scratch.file(january_file), std::ios::app) << "foreign";
    CHECK(append(ledger).seq == 3);
    CHECK(bytes_of(scratch.file(january_file)).ends_with("foreign"));
    CHECK(scan(scratch.path()).unreported.empty());
}

TEST_CASE("a segment that is cut while it is written to is a breach") {
    const ScratchDirectory scratch;
    {
        auto ledger = open(scratch.path());
        append(ledger);
        append(ledger);
        std::filesystem::resize_file(scratch.file(january_file), 10);
        CHECK(append(ledger).seq == 4);
        CHECK(ess::parse_ledger_line(lines_of(ledger)[0])->kind == LedgerKind::Breach);
    }
    auto ledger = open(scratch.path());
    CHECK_FALSE(ledger.unreported().empty());
    for (const auto& damage : ledger.unreported())
        CHECK(damage.kind == LedgerKind::Breach);
    append(ledger);
    CHECK(scan(scratch.path()).unreported.empty());
}

TEST_CASE("a short write ends the segment; the entry is not in the ledger until it is appended again") {
    struct rlimit old {};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &old) == 0);
    const auto old_action = std::signal(SIGXFSZ, SIG_IGN);
    const ScratchDirectory scratch;
    auto ledger = open(scratch.path());
    append(ledger);
    const std::string first = bytes_of(scratch.file(january_file));
    const struct rlimit tight { first.size() + 40, old.rlim_max };
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &tight) == 0);
    const auto failed = ledger.append(draft());
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &old) == 0);
    std::signal(SIGXFSZ, old_action);

    REQUIRE_FALSE(failed);
    CHECK(failed.error().text.find("40 of") != std::string::npos);
    CHECK(ledger.head().entries == 1);
    CHECK(lines_of(ledger).size() == 1);
    const auto receipt = append(ledger);
    CHECK(receipt.seq == 3);
    CHECK(bytes_of(scratch.file(january_file)).size() == first.size() + 40);
    const auto lines = lines_of(ledger);
    REQUIRE(lines.size() == 3);
    const auto report = ess::parse_ledger_line(lines[1]);
    CHECK(report->kind == LedgerKind::Recovery);
    CHECK(report->ess["torn_bytes"] == 40);
    CHECK(scan(scratch.path()).unreported.empty());
}

TEST_CASE("a failed sync ends the segment; the entry in it does not count") {
    const ScratchDirectory scratch;
    auto ledger = open(scratch.path());
    append(ledger);
    bool injected = false;
    // A filter of system calls is for one thread, and for its life.
    std::thread([&] {
        injected = fail_fdatasync();
        if (injected) CHECK(ledger.append(draft()).error().code == EIO);
    }).join();
    if (!injected) {
        MESSAGE("skipped: system calls cannot be filtered here");
        return;
    }
    CHECK(ledger.head().entries == 1);
    CHECK(lines_of(ledger).size() == 1);
    CHECK(append(ledger).seq == 3);
    const std::string given_up = bytes_of(scratch.file(january_file));
    // The line is whole, its bytes are there, and yet it was not acknowledged.
    CHECK(std::count(given_up.begin(), given_up.end(), '\n') == 2);
    const auto lines = lines_of(ledger);
    REQUIRE(lines.size() == 3);
    CHECK(ess::parse_ledger_line(lines[1])->kind == LedgerKind::Recovery);
    CHECK(scan(scratch.path()).unreported.empty());
    CHECK(scan(scratch.path()).head.entries == 3);
}

TEST_CASE("a full disk: nothing acknowledged is lost, no files pile up, and it goes on when there is room") {
    const ScratchDirectory scratch;
    if (::mount("tmpfs", scratch.path().c_str(), "tmpfs", 0, "size=32k") != 0) {
        MESSAGE("skipped: a tmpfs cannot be mounted here");
        return;
    }
    struct Unmount {
        std::string path;
        ~Unmount() { static_cast<void>(::umount2(path.c_str(), MNT_DETACH)); }
    } const unmount{scratch.path()};
    {
        auto ledger = open(scratch.path());
        std::vector<std::string> acknowledged;
        auto large = draft();
        large.entry["notes"] = std::string(1000, 'n');
        bool full = false;
        for (int i = 0; i < 200 && !full; ++i) {
            const auto receipt = ledger.append(large);
            full = !receipt;
            if (receipt) acknowledged.push_back(receipt->hash);
        }
        REQUIRE(full);
        REQUIRE(acknowledged.size() > 5);
        for (int i = 0; i < 20; ++i)
            CHECK_FALSE(ledger.append(large));
        CHECK(segments_in(scratch.path()).size() <= 3);
        REQUIRE(::mount("tmpfs", scratch.path().c_str(), "tmpfs", MS_REMOUNT, "size=1m") == 0);
        acknowledged.push_back(append(ledger).hash);
        std::set<std::string> read;
        for (const std::string& line : lines_of(ledger))
            read.insert(ess::ledger_hash(line));
        for (const std::string& hash : acknowledged)
            CHECK(read.count(hash) == 1);
    }
    CHECK(scan(scratch.path()).unreported.empty());
}

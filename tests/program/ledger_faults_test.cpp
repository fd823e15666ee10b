// Each system call of the ledger's writer fails once, or ends the writer: strace(1) injects it. Afterwards the ledger
// is opened, nothing that was acknowledged is lost, what happened is recorded, and nobody is accused of tampering.
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>

#include "base/file.hpp"
#include "core/ledger_log.hpp"
#include "host/scratch_directory.hpp"
#include "host/signed_ledger.hpp"
#include "program/process.hpp"

using namespace ess;
using namespace ess::test;

namespace {

constexpr const char* strace = "/usr/bin/strace";
// Far more than the writer makes of any call.
constexpr int most_calls = 400;

/// Scratch directories in memory: what a disk does is injected, and waiting for a real one would take minutes.
struct InMemory {
    InMemory() {
        if (std::filesystem::exists("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 1);
    }
    ~InMemory() { ::unsetenv("TMPDIR"); }
    InMemory(const InMemory&) = delete;
    InMemory& operator=(const InMemory&) = delete;
};

struct Injected {
    bool happened = false;
    std::set<std::string> acknowledged;
    std::string told;  ///< what strace and the writer said
};

/// Runs the writer, whose call number `which` of that name meets the fault.
Injected write_under(const std::string& directory, const std::string& call, const std::string& fault, int which) {
    const ScratchDirectory scratch;
    const std::string trace = scratch.file("trace");
    const std::string inject = "inject=" + call + ":" + fault + ":when=" + std::to_string(which);
    const Ended ended = run({strace, "-o", trace, "-e", "trace=" + call, "-e", inject, ESS_LEDGER_WRITER, directory});
    Injected result;
    const auto text = read_file(trace, 1U << 24U);
    result.told = ended.err + (text ? *text : "");
    result.happened =
        result.told.find("INJECTED") != std::string::npos || result.told.find("SIGKILL") != std::string::npos;
    std::istringstream lines(ended.out);
    for (std::string line; std::getline(lines, line);)
        result.acknowledged.insert(line);
    return result;
}

bool can_inject() {
    if (!std::filesystem::exists(strace)) return false;
    const ScratchDirectory scratch;
    const Injected result = write_under(scratch.file("ledger"), "fdatasync", "error=EIO", 1);
    return result.happened;
}

std::unique_ptr<host::SignedLedger> open_ledger(const std::string& directory) {
    host::SignedLedgerOptions options;
    options.directory = directory;
    options.other_key = host::OtherKey::Breach;
    auto opened = host::SignedLedger::open(options);
    REQUIRE_MESSAGE(opened, (opened ? std::string() : opened.error().text));
    return std::move(*opened);
}

/// The chain, read by its own: hashes of the lines, and whether the checkpoint is of all of them.
std::set<std::string> check_chain(const std::string& directory) {
    std::set<std::string> hashes;
    LedgerLog log;
    const auto scan = host::scan_ledger(directory, [&](const LedgerLine& line, std::string_view bytes) {
        hashes.insert(ledger_hash(bytes));
        const auto taken = log.take(line, bytes);
        CHECK_MESSAGE(taken, (taken ? std::string() : taken.error().text));
    });
    REQUIRE(scan);
    CHECK(scan->unreported.empty());
    REQUIRE(log.key());
    const auto note = read_file(directory + "/checkpoint", note_limit);
    REQUIRE(note);
    const auto checkpoint = open_checkpoint(*note, *log.key());
    REQUIRE_MESSAGE(checkpoint, (checkpoint ? std::string() : checkpoint.error().text));
    CHECK(*checkpoint == checkpoint_of(log.key()->name(), log.tree()));
    return hashes;
}

void check_afterwards(const std::string& directory, const std::set<std::string>& acknowledged) {
    {
        auto ledger = open_ledger(directory);
        CHECK(ledger->trouble().empty());
        CHECK(ledger->breaches().empty());
    }
    const auto hashes = check_chain(directory);
    for (const std::string& hash : acknowledged)
        CHECK(hashes.count(hash) == 1);
    // All was said the first time.
    auto again = open_ledger(directory);
    CHECK(again->head().entries == hashes.size());
    const host::LedgerDraft draft{LedgerKind::Append, {{"operation_name", "after"}}, nullptr, wall_now()};
    CHECK(again->append(draft));
    CHECK(again->trouble().empty());
    again.reset();
    check_chain(directory);
}

void check_call(const std::string& call) {
    for (const std::string fault : {"error=EIO", "error=ENOSPC", "signal=KILL"}) {
        int which = 1;
        for (; which < most_calls; ++which) {
            const ScratchDirectory scratch;
            const std::string directory = scratch.file("ledger");
            const Injected result = write_under(directory, call, fault, which);
            if (!result.happened) break;
            INFO(call << " " << fault << " " << which << "\n" << result.told);
            check_afterwards(directory, result.acknowledged);
        }
        MESSAGE(call << " " << fault << ": " << which - 1 << " calls");
        CHECK(which > 1);
        CHECK(which < most_calls);
    }
}

}  // namespace

TEST_CASE("ledger faults: each system call of the append path fails once") {
    const InMemory in_memory;
    if (!can_inject()) {
        std::puts("skip: strace is not installed, or may not trace here");
        return;
    }
    const ScratchDirectory scratch;
    // Without a fault all entries are acknowledged.
    const Injected plain = write_under(scratch.file("ledger"), "write", "error=EIO", most_calls);
    CHECK(plain.acknowledged.size() == 4);
    check_afterwards(scratch.file("ledger"), plain.acknowledged);
    for (const char* call : {"write", "fdatasync", "fsync", "rename", "renameat2", "openat"}) {
        SUBCASE(call) {
            check_call(call);
        }
    }
}

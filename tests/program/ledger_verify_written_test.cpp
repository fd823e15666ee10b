// The verifiers on ledgers that the real writer wrote, on a journal, and by the document's own recipe.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "host/signed_ledger.hpp"
#include "ledger/made_ledger.hpp"
#include "process.hpp"

using namespace ess::test;
using ess::host::LedgerDraft;
using ess::host::SignedLedger;

namespace fs = std::filesystem;

namespace {

/// A ledger by the real writer, and what an auditor keeps of it.
class WrittenLedger {
  public:
    WrittenLedger() {
        auto ledger = open();
        fs::copy_file(directory() + "/log.vkey", scratch_.file("key"));
        append(*ledger, 3);
        keep();
    }

    [[nodiscard]] std::string directory() const { return scratch_.file("ledger"); }
    [[nodiscard]] std::unique_ptr<SignedLedger> open() const {
        auto ledger = SignedLedger::open({directory(), {}, {}, {}});
        REQUIRE_MESSAGE(ledger, (ledger ? "" : ledger.error().text));
        return std::move(*ledger);
    }
    static void append(SignedLedger& ledger, int count) {
        for (int i = 0; i < count; ++i) {
            const auto receipt =
                ledger.append({ess::LedgerKind::Trip, {{"operation_name", "ESS trip"}}, {}, ess::wall_now()});
            REQUIRE_MESSAGE(receipt, (receipt ? "" : receipt.error().text));
        }
    }
    void keep() const {
        fs::copy_file(directory() + "/checkpoint", scratch_.file("kept"), fs::copy_options::overwrite_existing);
    }
    [[nodiscard]] std::string newest_segment() const {
        std::string newest;
        for (const auto& entry : fs::directory_iterator(directory()))
            if (entry.path().extension() == ".jsonl") newest = std::max(newest, entry.path().string());
        return newest;
    }
    [[nodiscard]] Ended by_essctl() const {
        return essctl({"ledger", "verify", "--key", scratch_.file("key"), "--checkpoint", scratch_.file("kept"),
                       "--directory", directory()});
    }
    [[nodiscard]] Ended by_script() const {
        return run({ESS_SOURCE_DIR "/scripts/verify-ledger", "--key", scratch_.file("key"), "--checkpoint",
                    scratch_.file("kept"), directory()});
    }
    void expect(int code, const std::string& text) const {
        const Ended program = by_essctl();
        const Ended script = by_script();
        CHECK(program.out == script.out);
        CHECK(script.code == code);
        CHECK(program.code == code);
        CHECK_MESSAGE(program.says(text), program.out);
    }

  private:
    ScratchDirectory scratch_;
};

/// The commands of a document's fenced blocks, in order.
std::string commands_in(const std::string& document) {
    std::string commands;
    for (std::size_t at = document.find("```sh\n"); at != std::string::npos; at = document.find("```sh\n", at)) {
        at += 6;
        const std::size_t end = document.find("```", at);
        commands += document.substr(at, end - at);
        at = end + 3;
    }
    return commands;
}

void replace(std::string& text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    REQUIRE_MESSAGE(at != std::string::npos, from);
    text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("ledgers of the real writer are proven") {
    const WrittenLedger written;
    written.expect(0, "OK: 4 lines, all is proven");
    REQUIRE(written.open()->rotate_key("root"));
    written.expect(0, "OK: 5 lines, all is proven");
    WrittenLedger::append(*written.open(), 2);
    written.expect(0, "OK: 7 lines, all is proven");
}

TEST_CASE("a write that did not end, before and after the real writer has recorded it") {
    const WrittenLedger written;
    const std::string path = written.newest_segment();
    put_file(path, file_bytes(path) + "{\"boot_id\":");
    written.expect(4, "a write that did not end");
    WrittenLedger::append(*written.open(), 1);
    written.expect(0, "all is proven");
}

TEST_CASE("loss and tampering, before and after the real writer has recorded them") {
    const WrittenLedger written;
    const std::string path = written.newest_segment();
    auto lines = split_lines(file_bytes(path));
    SUBCASE("the newest line is lost") {
        lines.pop_back();
    }
    SUBCASE("a line is changed") {
        lines[1].replace(lines[1].find("ESS trip"), 3, "ESX");
    }
    put_file(path, join_lines(lines));
    CHECK(written.by_essctl().code == 1);
    CHECK(written.by_script().code == 1);
    WrittenLedger::append(*written.open(), 1);
    written.expect(1, "is signed off by 0 of 2 people");
}

TEST_CASE("no false alarm while the writer appends") {
    const WrittenLedger written;
    std::atomic<bool> done = false;
    std::thread writer([&] {
        WrittenLedger::append(*written.open(), 400);
        done = true;
    });
    // What it cannot see at rest it may call not proven; never wrong.
    int readings = 0;
    for (; !done || readings == 0; ++readings) {
        const Ended ended = readings == 1 ? written.by_script() : written.by_essctl();
        CHECK_MESSAGE((ended.code == 0 || ended.code == 4), ended.out);
    }
    writer.join();
    MESSAGE(readings << " readings beside 400 appends");
    written.expect(0, "OK: 404 lines, all is proven");
}

TEST_CASE("scripts/verify-ledger --journal") {
    const MadeLedger made("plain");
    const MadeLedger longer("plain", "8");
    const ScratchDirectory tools;
    const auto verify = [&](const std::string& note) {
        const auto lines = split_lines(note);
        std::string entry = "{";
        for (const auto& [field, line] : {std::pair{"ORIGIN", 0U}, {"SIZE", 1U}, {"ROOT", 2U}}) {
            entry += (line == 0 ? "\"ESS_LEDGER_" : ",\"ESS_LEDGER_") + std::string(field) + "\":\"" +
                     lines[line].substr(0, lines[line].size() - 1) + "\"";
        }
        put_file(tools.file("journalctl"), note.empty() ? "#!/bin/sh\n" : "#!/bin/sh\necho '" + entry + "}'\n");
        REQUIRE(::chmod(tools.file("journalctl").c_str(), 0755) == 0);
        return run({"/usr/bin/env", "PATH=" + tools.path() + ":/usr/bin:/bin", ESS_SOURCE_DIR "/scripts/verify-ledger",
                    "--key", made.kept("first.vkey"), "--journal", made.directory()});
    };
    const Ended in_order = verify(file_bytes(made.kept("0000beef-6")));
    CHECK_MESSAGE(in_order.says("truncation: OK: journal (6 lines)"), in_order.out, in_order.err,
                  file_bytes(tools.file("journalctl")));
    CHECK(verify(file_bytes(made.kept("0000beef-4"))).code == 0);
    const Ended rolled_back = verify(file_bytes(longer.kept("0000beef-8")));
    CHECK(rolled_back.code == 1);
    CHECK(rolled_back.says("journal: signs 8 lines"));
    CHECK(verify(file_bytes(longer.kept("0000beef-4"))).says("have another root"));
    put_file(tools.file("other"), "other.example/quantum-ess/00000000\n1\n" + std::string(43, 'A') + "=\n");
    CHECK(verify(file_bytes(tools.file("other"))).says("of the log other.example/quantum-ess/00000000"));
}

TEST_CASE("a journal without checkpoints proves nothing") {
    const MadeLedger made("plain");
    const ScratchDirectory tools;
    put_file(tools.file("journalctl"), "#!/bin/sh\n");
    REQUIRE(::chmod(tools.file("journalctl").c_str(), 0755) == 0);
    const Ended ended =
        run({"/usr/bin/env", "PATH=" + tools.path() + ":/usr/bin:/bin", ESS_SOURCE_DIR "/scripts/verify-ledger",
             "--key", made.kept("first.vkey"), "--journal", made.directory()});
    CHECK(ended.code == 4);
    CHECK(ended.says("the journal has no checkpoint that can be read"));
}

TEST_CASE("without ssh-keygen sign-offs are not proven") {
    const MadeLedger made("signoffs");
    const ScratchDirectory tools;
    for (const char* tool : {"bash",  "jq",       "openssl", "sha256sum", "base64", "awk",   "stat",   "tr",
                             "head",  "tail",     "od",      "fold",      "wc",     "sort",  "mktemp", "rm",
                             "mkdir", "realpath", "dirname", "paste",     "tee",    "sleep", "env",    "cat"}) {
        const std::string path = std::string("/usr/bin/") + tool;
        fs::create_symlink(path, tools.file(tool));
    }
    const Ended ended = run({"/usr/bin/env", "PATH=" + tools.path(), ESS_SOURCE_DIR "/scripts/verify-ledger", "--key",
                             made.kept("first.vkey"), "--checkpoint", made.kept("0000beef-2"), "--allowed-signers",
                             made.allowed_signers(), made.directory()});
    CHECK(ended.code == 4);
    CHECK_MESSAGE(ended.says("sign-offs: ssh-keygen is not there: 2 not checked"), ended.out, ended.err);
}

TEST_CASE("the auditor's recipe of LEDGER_FORMAT.md, command by command") {
    const MadeLedger made("signoffs");
    std::string commands = commands_in(file_bytes(ESS_SOURCE_DIR "/packaging/docs/LEDGER_FORMAT.md"));
    const std::string kept = made.top() + "/auditor";
    replace(commands, "ledger=/var/lib/quantum-ess/ledger", "ledger=" + made.directory());
    replace(commands, "kept=$HOME/ledger-of-host-1", "kept=" + kept);
    // The auditor's own list of who may sign off.
    replace(commands, "checkpoint=$(", "cp " + made.allowed_signers() + " \"$kept/\"\ncheckpoint=$(");
    replace(commands, "scripts/verify-ledger ", "scripts/verify-ledger --allowed-signers \"$kept/allowed_signers\" ");
    replace(commands, "essctl ledger verify ",
            ESS_ESSCTL " ledger verify --allowed-signers \"$kept/allowed_signers\" ");
    put_file(made.top() + "/recipe", "set -euxo pipefail\ncd " ESS_SOURCE_DIR "\n" + commands);
    const Ended ended = run({"/bin/bash", made.top() + "/recipe"});
    CHECK_MESSAGE(ended.code == 0, ended.out, ended.err);
    CHECK(ended.says("OK: 5 lines, all is proven"));
    CHECK(ended.says("Signature Verified Successfully"));
    CHECK(ended.says("Good \"quantum-ess-signoff\" signature for bob"));
}

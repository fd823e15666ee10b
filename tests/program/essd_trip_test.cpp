// A trip where there is no bus: nothing can be masked, so the outcome is PARTIAL, and all else is done.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "program/sandbox.hpp"

using namespace ess;
using namespace ess::test;

namespace fs = std::filesystem;

namespace {

Json entry_of(const std::vector<Json>& lines) {
    REQUIRE_FALSE(lines.empty());
    return lines.back().at("entry");
}

bool is_fit_for_a_terminal(const std::string& text) {
    return std::ranges::none_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20U || byte == 0x7fU;
    });
}

}  // namespace

TEST_CASE("trip: the status has what the contract says") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    const auto status = essd.status();
    REQUIRE(status);
    for (const char* field : {"state", "ready", "faults", "latch", "units", "last_operation", "config_hash", "ledger",
                              "last_drill", "version"}) {
        CAPTURE(field);
        CHECK(status->contains(field));
    }
    for (const char* field : {"present", "persisted", "since", "reason", "requested_by"}) {
        CAPTURE(field);
        CHECK(status->at("latch").contains(field));
    }
    for (const char* field : {"entries", "head", "writable"}) {
        CAPTURE(field);
        CHECK(status->at("ledger").contains(field));
    }
    REQUIRE(status->at("units").size() == 2);
    for (const char* field :
         {"name", "active_state", "sub_state", "load_state", "masked", "guarded", "empty", "category"}) {
        CAPTURE(field);
        CHECK(status->at("units")[0].contains(field));
    }
    for (const Json& fault : status->at("faults")) {
        CHECK(fault.at("code").is_string());
        CHECK((fault.at("severity") == "error" || fault.at("severity") == "warning"));
        CHECK(fault.at("text").is_string());
    }
    CHECK(status->at("ready") == false);
}

TEST_CASE("trip: by a touch; the latch is copied to the disk and the entry is PARTIAL") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    write_file(latch, "runaway orders on desk 4");
    CHECK(essd.comes_to("tripped"));
    CHECK(eventually([] { return exists(latch_copy); }));
    const Json entry = entry_of(ledger_lines("trip", 1));
    CHECK(entry.at("outcome") == "PARTIAL");
    CHECK(entry.at("operation_id").get<std::string>().starts_with("OPS-"));
    CHECK(entry.at("requested_by") == "root");
    CHECK(entry.at("notes").get<std::string>().find("runaway orders on desk 4") != std::string::npos);
    CHECK(entry.at("config_hash").get<std::string>().size() == 16);

    CHECK(eventually([&] {
        const auto status = essd.status();
        return status && status->at("last_operation").is_object() && status->at("latch").at("persisted") == true;
    }));
    const Json status = *essd.status();
    CHECK(status.at("latch").at("present") == true);
    CHECK(status.at("latch").at("reason") == "runaway orders on desk 4");
    CHECK(status.at("last_operation").at("outcome") == "PARTIAL");
    CHECK(status.at("last_operation").at("operation_id") == entry.at("operation_id"));
    CHECK_FALSE(exists(armed));
}

TEST_CASE("trip: a file that is made and removed at once, and it is put back") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    CHECK(eventually([&] { return essd.has_fault("bus-down"); }));
    write_file(latch, "");
    fs::remove(latch);
    CHECK(essd.comes_to("tripped"));
    CHECK(eventually([] { return exists(latch); }));
    CHECK(ledger_lines("trip", 1).size() == 1);
}

TEST_CASE("trip: a latch that is removed by hand is put back, and that is on record") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    write_file(latch, "the reason");
    CHECK(essd.comes_to("tripped"));
    CHECK(ledger_lines("trip", 1).size() == 1);
    fs::remove(latch);
    CHECK(eventually([] { return exists(latch); }));
    CHECK(essd.state() == "tripped");
    CHECK(entry_of(ledger_lines("refusal", 1)).at("operation_name") == "Latch put back");
    // The reason is not lost with the file.
    CHECK(eventually([] { return read_whole(latch).find("the reason") != std::string::npos; }));
}

TEST_CASE("trip: the file is there when essd comes up") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    write_file(latch, "before");
    const Essd essd;
    CHECK(essd.comes_to("tripped"));
    CHECK(entry_of(ledger_lines("trip", 1)).at("notes").get<std::string>().find("before") != std::string::npos);
}

TEST_CASE("trip: the copy on disk alone, as after a reboot, brings the latch back") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    {
        Essd essd;
        write_file(latch, "before the reboot");
        CHECK(essd.comes_to("tripped"));
        CHECK(ledger_lines("trip", 1).size() == 1);
        CHECK(eventually([] { return read_whole(latch_copy).find("OPS-") != std::string::npos; }));
        CHECK(essd.stop() == 0);
    }
    fs::remove(latch);
    const Essd essd;
    CHECK(essd.comes_to("tripped"));
    CHECK(eventually([] { return exists(latch); }));
    CHECK(read_whole(latch).find("before the reboot") != std::string::npos);
    CHECK(essd.status()->at("latch").at("reason") == "before the reboot");
}

TEST_CASE("trip: a copy on disk that cannot be read is a latch") {
    for (const std::string content : {"", "\xff\xfe{", "{\"since\": 17}"}) {
        CAPTURE(content);
        Sandbox sandbox;
        if (!sandbox.usable()) return;
        write_file(latch_copy, content);
        const Essd essd;
        CHECK(essd.comes_to("tripped"));
    }
    Sandbox sandbox;
    fs::create_directory(latch_copy);
    const Essd essd;
    CHECK(essd.comes_to("tripped"));
}

TEST_CASE("trip: killed while tripped, essd is tripped again, with one entry for the one trip") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    {
        Essd essd;
        write_file(latch, "kill me");
        CHECK(essd.comes_to("tripped"));
        CHECK(ledger_lines("trip", 1).size() == 1);
        CHECK(eventually([] { return read_whole(latch_copy).find("OPS-") != std::string::npos; }));
        essd.process.signal(SIGKILL);
        CHECK(essd.process.wait() == -SIGKILL);
    }
    const Essd essd;
    CHECK(essd.comes_to("tripped"));
    CHECK(eventually([&] { return !essd.has_fault("ledger"); }));
    CHECK(ledger_lines("trip", 1).size() == 1);
    CHECK(essd.status()->at("latch").at("reason") == "kill me");
}

TEST_CASE("trip: killed in the middle of one, essd finishes it") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    {
        Essd essd;
        write_file(latch, "kill me early");
        essd.process.signal(SIGKILL);
        CHECK(essd.process.wait() == -SIGKILL);
    }
    const Essd essd;
    CHECK(essd.comes_to("tripped"));
    CHECK(ledger_lines("trip", 1).size() == 1);
}

TEST_CASE("trip: a latch of 1 MiB of binary is a trip with a reason that can be shown") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    std::string bytes;
    for (std::size_t i = 0; i < std::size_t{1} << 20U; ++i)
        bytes.push_back(static_cast<char>((i * 2654435761U) >> 13U));
    write_file(latch, bytes);
    CHECK(essd.comes_to("tripped"));
    CHECK(eventually([&] {
        const auto status = essd.status();
        return status && status->at("latch").at("reason").is_string();
    }));
    const std::string reason = essd.status()->at("latch").at("reason");
    CHECK(reason.size() <= 4096);
    CHECK(is_fit_for_a_terminal(reason));
    CHECK(is_fit_for_a_terminal(entry_of(ledger_lines("trip", 1)).at("notes").get<std::string>()));
}

TEST_CASE("trip: whatever the latch is") {
    for (const std::string kind : {"directory", "dangling link", "FIFO", "unreadable"}) {
        CAPTURE(kind);
        Sandbox sandbox;
        if (!sandbox.usable()) return;
        const Essd essd;
        if (kind == "directory") fs::create_directory(latch);
        if (kind == "dangling link") fs::create_symlink("/nowhere", latch);
        if (kind == "FIFO") REQUIRE(::mkfifo(latch.c_str(), 0600) == 0);
        if (kind == "unreadable") {
            write_file(latch, "");
            fs::permissions(latch, fs::perms::none);
        }
        CHECK(essd.comes_to("tripped"));
        CHECK(ledger_lines("trip", 1).size() == 1);
        CHECK(eventually([] { return exists(latch_copy); }));
    }
}

TEST_CASE("trip: the owner of the file is who asked, and only root may name another") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    write_file("/run/quantum/new", R"({"reason": "mine", "requested_by": "the chairman"})");
    REQUIRE(::chown("/run/quantum/new", operator_uid, operator_uid) == 0);
    fs::rename("/run/quantum/new", latch);
    CHECK(essd.comes_to("tripped"));
    const Json entry = entry_of(ledger_lines("trip", 1));
    CHECK(entry.at("requested_by") == "operator");
    CHECK(entry.at("notes").get<std::string>().find("mine") != std::string::npos);
}

TEST_CASE("trip: the latch's directory is removed, replaced by a link, and mounted over") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    fs::remove_all("/run/quantum");
    CHECK(eventually([] { return exists("/run/quantum"); }));
    fs::create_directory("/run/elsewhere");
    fs::create_directory_symlink("/run/elsewhere", "/run/link");
    // In one step: essd would make the directory again between two.
    REQUIRE(::renameat2(AT_FDCWD, "/run/link", AT_FDCWD, "/run/quantum", RENAME_EXCHANGE) == 0);
    CHECK(eventually([] { return fs::is_directory(fs::symlink_status("/run/quantum")); }));
    CHECK(essd.state() == "not-ready");
    sandbox.mount_tmpfs("/run/quantum");
    // Inotify sees nothing of that, so the slow look must.
    write_file(latch, "below the mount");
    CHECK(essd.comes_to("tripped", 5s));
}

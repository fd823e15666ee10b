// The generator as systemd calls it: it guards what it can, and never fails the boot.
#include <doctest/doctest.h>

#include <filesystem>

#include "program/sandbox.hpp"

using namespace ess;
using namespace ess::test;

namespace fs = std::filesystem;

namespace {

const std::string early = "/run/early";

const std::string last_good_on_disk = "/var/lib/quantum-ess/last-good.yaml";
const std::string last_good_in_memory = "/run/quantum-ess/last-good.yaml";

Ended generate() {
    for (const std::string& directory : {std::string("/run/normal"), early, std::string("/run/late")}) {
        fs::remove_all(directory);
        fs::create_directory(directory);
    }
    const Ended ended = run({ESS_GENERATOR, "/run/normal", early, "/run/late"});
    CHECK(fs::is_empty("/run/normal"));
    CHECK(fs::is_empty("/run/late"));
    return ended;
}

std::string dropin_of(const std::string& unit) {
    return early + "/" + unit + ".d/zz-quantum-ess-guard.conf";
}

bool is_masked(const std::string& unit) {
    const fs::path path = early + "/" + unit;
    return fs::is_symlink(fs::symlink_status(path)) && fs::read_symlink(path) == "/dev/null";
}

/// What it told: in the kernel's log, or where there is none on its standard error.
std::string told(Sandbox& sandbox, const Ended& ended) {
    return sandbox.kernel_log() + ended.err;
}

}  // namespace

TEST_CASE("generator: guards each unit, and masks none while nothing is latched") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Ended ended = generate();
    CHECK(ended.code == 0);
    CHECK(told(sandbox, ended).empty());
    for (const std::string unit : {"quantum-governor.service", "quantum-execution.service"}) {
        CAPTURE(unit);
        const std::string dropin = read_whole(dropin_of(unit));
        CHECK(dropin.find("AssertPathExists=!" + latch) != std::string::npos);
        CHECK(dropin.find("AssertPathExists=!" + latch_copy) != std::string::npos);
        CHECK(dropin.find("ExecCondition=") != std::string::npos);
        CHECK(dropin.find(armed) != std::string::npos);
        CHECK_FALSE(is_masked(unit));
    }
}

TEST_CASE("generator: with either latch it masks each unit") {
    for (const std::string& path : {latch, latch_copy}) {
        CAPTURE(path);
        Sandbox sandbox;
        if (!sandbox.usable()) return;
        fs::create_symlink("/nowhere", path);
        CHECK(generate().code == 0);
        CHECK(is_masked("quantum-governor.service"));
        CHECK(is_masked("quantum-execution.service"));
        CHECK(exists(dropin_of(governor)));
    }
}

TEST_CASE("generator: templates and patterns") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    write_file(config_file, "units: [quantum-strategy@*.service]\ninterlock: none\n");
    write_file(latch, "");
    CHECK(generate().code == 0);
    CHECK(exists(dropin_of("quantum-strategy@.service")));
    CHECK(is_masked("quantum-strategy@.service"));
    CHECK(read_whole(dropin_of("quantum-strategy@.service")).find(armed) == std::string::npos);
}

TEST_CASE("generator: a broken configuration, and the last good one is guarded") {
    for (const std::string& last_good : {last_good_in_memory, last_good_on_disk}) {
        CAPTURE(last_good);
        Sandbox sandbox;
        if (!sandbox.usable()) return;
        write_file(config_file, "units: [\n");
        fs::create_directories("/run/quantum-ess");
        write_file(last_good, "units: [quantum-before]\n");
        const Ended ended = generate();
        CHECK(ended.code == 0);
        CHECK(exists(dropin_of("quantum-before.service")));
        const std::string text = told(sandbox, ended);
        CHECK(text.find(config_file + ":") != std::string::npos);
        CHECK(text.find(last_good) != std::string::npos);
    }
}

TEST_CASE("generator: what essd keeps as the last good is what it reads") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    {
        Essd essd;
        CHECK(eventually([] { return exists(last_good_in_memory) && exists(last_good_on_disk); }));
        CHECK(essd.stop() == 0);
    }
    CHECK(generate().code == 0);
    const std::string before = read_whole(dropin_of(governor));
    fs::remove_all("/etc/quantum");
    CHECK(generate().code == 0);
    CHECK(read_whole(dropin_of(governor)) == before);
    CHECK(exists(dropin_of("quantum-execution.service")));
}

TEST_CASE("generator: nothing to guard is said, and the boot goes on") {
    for (const bool broken_last_good : {false, true}) {
        CAPTURE(broken_last_good);
        Sandbox sandbox;
        if (!sandbox.usable()) return;
        fs::remove(config_file);
        if (broken_last_good) write_file(last_good_on_disk, "\xff\xfe");
        const Ended ended = generate();
        CHECK(ended.code == 0);
        // The canary is no unit of the allow-list.
        CHECK(std::distance(fs::directory_iterator(early), fs::directory_iterator()) == 1);
        CHECK(exists(dropin_of("quantum-ess-canary.service")));
        CHECK(told(sandbox, ended).find("NO UNIT IS GUARDED") != std::string::npos);
    }
}

TEST_CASE("generator: an early directory that cannot be written is said, and the boot goes on") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Ended ended = run({ESS_GENERATOR, "/run/none", "/run/none", "/run/none"});
    CHECK(ended.code == 0);
    CHECK(told(sandbox, ended).find("/run/none") != std::string::npos);
}

TEST_CASE("generator: it is quick, since it runs at each Reload") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    std::string config = "units:\n";
    for (int i = 0; i < 500; ++i)
        config += "  - quantum-" + std::to_string(i) + "\n";
    write_file(config_file, config);
    write_file(latch, "");
    const Ended ended = generate();
    CHECK(ended.code == 0);
    CHECK(is_masked("quantum-499.service"));
    CHECK(ended.took < 5s);  // 20 ms where nothing else runs
}

TEST_CASE("generator: wrong arguments") {
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{ESS_GENERATOR}, {ESS_GENERATOR, "/tmp"}, {ESS_GENERATOR, "a", "b", "c", "d"}}) {
        const Ended wrong = run(arguments);
        CHECK(wrong.code == 2);
        CHECK(wrong.err.find("usage:") != std::string::npos);
    }
}

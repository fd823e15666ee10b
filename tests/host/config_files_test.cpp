#include "host/config_files.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace ess;
namespace fs = std::filesystem;

namespace {

/// A directory as /etc/quantum is, removed at the end.
class Directory {
  public:
    Directory() {
        std::string name = (fs::temp_directory_path() / "ess-config-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    ~Directory() {
        std::error_code ignored;  // nothing depends on the removal
        fs::remove_all(path_, ignored);
    }

    void write(const std::string& name, const std::string& text) const {
        fs::create_directories((fs::path(path_) / name).parent_path());
        std::ofstream(fs::path(path_) / name, std::ios::binary) << text;
    }
    [[nodiscard]] std::string in(const std::string& name) const { return path_ + "/" + name; }
    [[nodiscard]] const std::string& path() const { return path_; }

    /// With the directory's name taken off.
    [[nodiscard]] std::string faults_of(const ConfigReading& reading) const {
        std::string text;
        for (ConfigFault fault : reading.faults) {
            if (fault.file.starts_with(path_)) fault.file.erase(0, path_.size() + 1);
            text += to_text(fault) + "\n";
        }
        return text;
    }

  private:
    std::string path_;
};

constexpr const char* not_there =
    "No such file or directory: write it, with at least the list \"units:\" of what is to be stopped\n";

}  // namespace

TEST_CASE("config files: the main file alone") {
    const Directory etc;
    etc.write("ess.yaml", "units: [x]\n");
    const ConfigReading reading = host::read_config_files(etc.path());
    CHECK(etc.faults_of(reading) == "");
    REQUIRE(reading.config.units.size() == 1);
    CHECK(reading.config.units[0].name == "x.service");
}

TEST_CASE("config files: drop-ins in the order of their names, others skipped") {
    const Directory etc;
    etc.write("ess.yaml", "units: [x]\n");
    etc.write("ess.d/20-b.yaml", "units: [c]\ninterlock: none\n");
    etc.write("ess.d/10-a.yaml", "units: [b]\ninterlock: start\n");
    etc.write("ess.d/.hidden.yaml", "nonsense: [");
    etc.write("ess.d/30-c.yaml~", "nonsense: [");
    etc.write("ess.d/README", "nonsense: [");
    const ConfigReading reading = host::read_config_files(etc.path());
    CHECK(etc.faults_of(reading) == "");
    REQUIRE(reading.config.units.size() == 3);
    CHECK(reading.config.units[1].name == "b.service");
    CHECK(reading.config.units[2].name == "c.service");
    CHECK(reading.config.interlock == Interlock::None);
}

TEST_CASE("config files: faults name the file they are in") {
    const Directory etc;
    etc.write("ess.yaml", "units: [x]\n");
    etc.write("ess.d/10.yaml", "stp: 1\n");
    etc.write("ess.d/20.yml", "interlock: none\n");
    const std::string expected =
        "ess.d/10.yaml:1:1: unknown key \"stp\": did you mean \"stop\"?\n"
        "ess.d/20.yml: is not read: rename it to end in .yaml\n";
    CHECK(etc.faults_of(host::read_config_files(etc.path())) == expected);
}

TEST_CASE("config files: a missing main file is told once, beside what is wrong elsewhere") {
    const Directory etc;
    CHECK(etc.faults_of(host::read_config_files(etc.path())) == std::string("ess.yaml: ") + not_there);
    etc.write("ess.d/10.yaml", "stp: 1\n");
    CHECK(etc.faults_of(host::read_config_files(etc.path())) ==
          std::string("ess.yaml: ") + not_there + "ess.d/10.yaml:1:1: unknown key \"stp\": did you mean \"stop\"?\n");
}

TEST_CASE("config files: what is no readable file is a fault, in its place") {
    const Directory etc;
    etc.write("ess.yaml", "units: [x]\nfoo: 1\n");
    fs::create_directories(etc.in("ess.d/10.yaml"));
    fs::create_symlink("nowhere", etc.in("ess.d/20.yaml"));
    etc.write("ess.d/30.yaml", "#" + std::string(std::size_t{1} << 20U, 'x'));
    const std::string faults = etc.faults_of(host::read_config_files(etc.path()));
    CHECK(faults ==
          "ess.yaml:2:1: unknown key \"foo\": known are units, protected, stop, latch, interlock, on_daemon_failure, "
          "reset, "
          "config_hash, ledger, drill, metrics, control, fleet\n"
          "ess.d/10.yaml: not a regular file: it must be a regular file that can be read\n"
          "ess.d/20.yaml: " +
              std::string(not_there) +
              "ess.d/30.yaml: larger than 1048576 bytes: it must be a regular file that can be read\n");
}

TEST_CASE("config files: a file in place of the drop-in directory is a fault") {
    const Directory etc;
    etc.write("ess.yaml", "units: [x]\n");
    etc.write("ess.d", "");
    CHECK(etc.faults_of(host::read_config_files(etc.path())) ==
          "ess.d: Not a directory: it must be a directory that root can read\n");
}

TEST_CASE("config files: a list of files") {
    const Directory etc;
    etc.write("one", "units: [x]\n");
    etc.write("two", "units: [{name: x, category: 0}]\n");
    const ConfigReading reading = host::read_listed_config_files({etc.in("one"), etc.in("two")});
    CHECK(etc.faults_of(reading) == "");
    CHECK(reading.config.units.at(0).category == StopCategory::Immediate);
    CHECK(etc.faults_of(host::read_listed_config_files({etc.in("none")})) == std::string("none: ") + not_there);
}

#include "program/sandbox.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "host/varlink_client.hpp"

namespace ess::test {

namespace fs = std::filesystem;

namespace {

bool own_namespace = false;

/// What programs need of the real /etc to run at all.
constexpr std::array<const char*, 3> kept_of_etc{"ld.so.cache", "nsswitch.conf", "localtime"};

constexpr const char* passwd =
    "root:x:0:0::/root:/bin/sh\noperator:x:2001:2001::/:/bin/sh\nstranger:x:2002:2002::/:/bin/sh\n"
    "quantum-ess-fleet:x:2003:2003::/:/bin/false\n";
constexpr const char* group =
    "root:x:0:\noperator:x:2001:\nstranger:x:2002:\nquantum-ess:x:2000:operator,quantum-ess-fleet\n"
    "quantum-ess-fleet:x:2003:\n";
constexpr const char* config = "units:\n  - quantum-governor\n  - {name: quantum-execution, category: 0}\n";

/// How long a status may take.
constexpr Micros answer_time = 2s;

}  // namespace

void enter_own_namespace() {
    own_namespace = ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

Sandbox::Sandbox() {
    if (!own_namespace) return;
    make_etc();
    mount_tmpfs("/run");
    mount_tmpfs("/var/lib");
    // Never the real hierarchy: a unit there that has an allowed name would be killed.
    if (fs::exists("/sys/fs/cgroup")) {
        if (slice_.path().empty()) {
            mount_tmpfs("/sys/fs/cgroup");
        } else {
            bind(slice_.path(), "/sys/fs/cgroup");
        }
    }
    fs::create_directories("/run/quantum");
    fs::create_directories("/var/lib/quantum-ess");
    fs::permissions("/run/quantum", fs::perms(01775));
    REQUIRE(::chown("/run/quantum", 0, 2000) == 0);
    make_kernel_log();
}

Sandbox::~Sandbox() {
    for (auto mount = mounts_.rbegin(); mount != mounts_.rend(); ++mount)
        static_cast<void>(::umount2(mount->c_str(), MNT_DETACH));
}

bool Sandbox::usable() const {
    if (!own_namespace) std::puts("skip: no mount namespace of one's own here");
    return own_namespace;
}

void Sandbox::mount_tmpfs(const std::string& directory, const std::string& options) {
    REQUIRE_MESSAGE(::mount("none", directory.c_str(), "tmpfs", 0, options.c_str()) == 0, directory);
    mounts_.push_back(directory);
}

void Sandbox::bind(const std::string& what, const std::string& where) {
    REQUIRE_MESSAGE(::mount(what.c_str(), where.c_str(), nullptr, MS_BIND, nullptr) == 0, where);
    mounts_.push_back(where);
}

void Sandbox::make_etc() {
    std::vector<std::string> contents;
    for (const char* name : kept_of_etc)
        contents.push_back(read_whole(std::string("/etc/") + name));
    mount_tmpfs("/etc");
    for (std::size_t i = 0; i < contents.size(); ++i)
        write_file(std::string("/etc/") + kept_of_etc.at(i), contents[i]);
    write_file("/etc/passwd", passwd);
    write_file("/etc/group", group);
    fs::create_directories("/etc/quantum");
    write_file(config_file, config);
    for (const char* name : {"policy.yaml", "signals.yaml", "universe.yaml"})
        write_file(std::string("/etc/quantum/") + name, std::string(name) + ": test\n");
}

/// A FIFO in place of /dev/kmsg: what the programs say there must not end in the real kernel's log.
void Sandbox::make_kernel_log() {
    if (!fs::exists("/dev/kmsg")) return;
    const std::string path = "/run/kernel-log";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    kernel_log_ = Fd(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    REQUIRE(kernel_log_);
    bind(path, "/dev/kmsg");
}

std::string Sandbox::kernel_log() {
    std::string text;
    std::array<char, 4096> bytes{};
    for (;;) {
        const ssize_t got = ::read(kernel_log_.get(), bytes.data(), bytes.size());
        if (got <= 0) return text;
        text.append(bytes.data(), static_cast<std::size_t>(got));
    }
}

void write_file(const std::string& path, const std::string& content) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << content;
    file.close();
    REQUIRE_MESSAGE(file, path);
}

std::string read_whole(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

bool exists(const std::string& path) {
    return fs::exists(fs::symlink_status(path));
}

std::string make_cgroup(const std::string& name) {
    const std::string path = "/sys/fs/cgroup/" + name;
    fs::create_directories(path);
    return path;
}

Essd::Essd() : process({ESS_ESSD}) {
    const bool answers = eventually([this] { return status().has_value() || !process.running(); });
    REQUIRE_MESSAGE(answers, process.err());
    REQUIRE_MESSAGE(process.running(), process.err());
}

std::optional<Json> Essd::status() const {
    const Instant deadline = monotonic_now() + answer_time;
    auto client = host::VarlinkClient::connect(control, deadline);
    if (!client) return std::nullopt;
    auto answer = client->call("io.quantum.EmergencyStop.Status", Json::object(), deadline);
    if (!answer) return std::nullopt;
    return *answer;
}

std::string Essd::state() const {
    const auto now = status();
    return now ? now->value("state", "") : "silent";
}

bool Essd::comes_to(const std::string& state_name, std::chrono::milliseconds time) const {
    return eventually([&] { return state() == state_name; }, time);
}

bool Essd::has_fault(const std::string& code) const {
    const auto now = status();
    if (!now) return false;
    return std::ranges::any_of(now->at("faults"), [&](const Json& fault) { return fault.at("code") == code; });
}

std::optional<int> Essd::stop() {
    process.signal(SIGTERM);
    return process.wait();
}

std::vector<Json> ledger_lines() {
    std::vector<std::string> files;
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(ledger, missing)) {
        if (entry.path().extension() == ".jsonl") files.push_back(entry.path());
    }
    std::ranges::sort(files);
    std::vector<Json> lines;
    for (const std::string& file : files) {
        std::istringstream text(read_whole(file));
        for (std::string line; std::getline(text, line);) {
            const auto json = parse_json(line);
            REQUIRE_MESSAGE(json, line);
            lines.push_back(*json);
        }
    }
    return lines;
}

std::vector<Json> ledger_lines(const std::string& kind, std::size_t count) {
    std::vector<Json> found;
    static_cast<void>(eventually([&] {
        found = ledger_lines();
        std::erase_if(found, [&](const Json& line) { return line.value("kind", "") != kind; });
        return found.size() >= count;
    }));
    return found;
}

}  // namespace ess::test

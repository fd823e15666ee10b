// A trading engine for tests: it does nothing but say, every few milliseconds, that it is still running. The last beat
// in shared memory is the last moment in which the process got anything done, whoever stopped it and however: no log
// and no service stands between the two. Linked statically, so that it runs in any root.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <iostream>
#include <span>
#include <string>
#include <string_view>

namespace {

constexpr long kBeatNs = 5'000'000;        // 5 ms: fine enough against a limit of 2 s, and costs the machine nothing
constexpr std::size_t kLongestName = 120;  // a unit name with room to spare
constexpr int kMostChildren = 500;
constexpr std::string_view kDirectory = "/dev/shm/heartbeat";

using Slot = std::atomic<std::int64_t>;
static_assert(Slot::is_always_lock_free);

struct Options {
    std::string name;
    bool ignore_sigterm = false;
    bool spin = false;
    int children = 0;
};

std::int64_t monotonic_ns() {
    timespec now{};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);  // cannot fail: the clock exists and the pointer is good
    return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

int complain(std::string_view what, std::string_view object) {
    std::cerr << "heartbeat: " << what << ": " << object;
    if (errno != 0) std::cerr << ": " << std::strerror(errno);
    std::cerr << '\n';
    return 1;
}

int usage() {
    std::cerr << "usage: heartbeat [--ignore-sigterm] [--fork N] [--spin] NAME   beat until stopped\n"
                 "       heartbeat --last NAME...               print the last beat of each, CLOCK_MONOTONIC ns\n"
                 "       heartbeat --touch PATH                 print the time, then create PATH\n"
                 "       heartbeat --blink PATH                 print the time, create PATH, delete it at once\n"
                 "       heartbeat --now                        print the time\n";
    return 2;
}

/// A name becomes a file name: letters, digits and the signs of unit names, and no way out of the directory.
bool is_name(std::string_view name) {
    constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@:._-";
    return !name.empty() && name.size() <= kLongestName && name.front() != '.' &&
           name.find_first_not_of(kAllowed) == std::string_view::npos;
}

std::string slot_path(std::string_view name) {
    return std::string(kDirectory) + "/" + std::string(name);
}

Slot* open_slot(const std::string& name, bool writing) {
    if (writing && mkdir(kDirectory.data(), 0755) < 0 && errno != EEXIST) return nullptr;
    const int fd =
        open(slot_path(name).c_str(), (writing ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) return nullptr;
    if (writing && ftruncate(fd, sizeof(Slot)) < 0) {
        (void)close(fd);  // the first failure is the one worth telling
        return nullptr;
    }
    void* memory = mmap(nullptr, sizeof(Slot), writing ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
    (void)close(fd);  // the mapping stays
    return memory == MAP_FAILED ? nullptr : static_cast<Slot*>(memory);
}

/// Several processes share a slot: the latest of them counts.
void beat(Slot& slot) {
    const std::int64_t now = monotonic_ns();
    std::int64_t last = slot.load(std::memory_order_relaxed);
    while (last < now && !slot.compare_exchange_weak(last, now, std::memory_order_relaxed)) {
    }
}

[[noreturn]] void beat_forever(Slot& slot, bool spin) {
    constexpr timespec kPause{0, kBeatNs};
    for (;;) {
        beat(slot);
        if (!spin) (void)nanosleep(&kPause, nullptr);  // a shorter pause only means one beat more
    }
}

/// sd_notify(3) without the library, which has no static form.
void say_ready() {
    const char* path = std::getenv("NOTIFY_SOCKET");
    sockaddr_un address{};
    if (path == nullptr || std::strlen(path) >= sizeof(address.sun_path)) return;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path, std::strlen(path));
    if (path[0] == '@') address.sun_path[0] = '\0';
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    constexpr std::string_view kReady = "READY=1";
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path));
    if (sendto(fd, kReady.data(), kReady.size(), 0, reinterpret_cast<sockaddr*>(&address), length) < 0) {
        (void)complain("cannot say READY=1", path);
    }
    (void)close(fd);
}

int run(const Options& options) {
    Slot* slot = open_slot(options.name, true);
    if (slot == nullptr) return complain("cannot open the slot", slot_path(options.name));
    if (options.ignore_sigterm) (void)std::signal(SIGTERM, SIG_IGN);  // fails for an invalid number only
    for (int i = 0; i < options.children; ++i) {
        const pid_t child = fork();
        if (child < 0) return complain("cannot fork", options.name);
        if (child == 0) beat_forever(*slot, options.spin);
    }
    beat(*slot);
    say_ready();
    beat_forever(*slot, options.spin);
}

int print_last(std::span<char*> names) {
    for (const std::string name : names) {
        if (!is_name(name)) return usage();
        const Slot* slot = open_slot(name, false);
        if (slot == nullptr) return complain("no beat of", name);
        std::cout << slot->load() << '\n';
    }
    return 0;
}

int touch(const std::string& path, bool blink) {
    const std::int64_t before = monotonic_ns();
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return complain("cannot create", path);
    if (blink && unlink(path.c_str()) < 0) return complain("cannot delete", path);
    (void)close(fd);  // nothing was written
    std::cout << before << '\n';
    return 0;
}

bool read_count(std::string_view text, int& count) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    return error == std::errc() && end == text.data() + text.size() && count >= 0 && count <= kMostChildren;
}

int parse_and_run(std::span<char*> arguments) {
    Options options;
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        const std::string_view word = arguments[i];
        if (word == "--ignore-sigterm") {
            options.ignore_sigterm = true;
        } else if (word == "--spin") {
            options.spin = true;
        } else if (word == "--fork") {
            if (++i >= arguments.size() || !read_count(arguments[i], options.children)) return usage();
        } else if (options.name.empty() && is_name(word) && word.front() != '-') {
            options.name = word;
        } else {
            return usage();
        }
    }
    return options.name.empty() ? usage() : run(options);
}

}  // namespace

int main(int argc, char** argv) {
    const std::span arguments(argv, static_cast<std::size_t>(argc));
    const std::string_view verb = argc > 1 ? arguments[1] : "";
    errno = 0;
    if (verb == "--now" && argc == 2) {
        std::cout << monotonic_ns() << '\n';
        return 0;
    }
    if (argc > 2 && verb == "--last") return print_last(arguments.subspan(2));
    if (argc == 3 && verb == "--touch") return touch(arguments[2], false);
    if (argc == 3 && verb == "--blink") return touch(arguments[2], true);
    return parse_and_run(arguments);
}

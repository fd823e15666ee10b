// The canary: what a drill stops in place of a trading unit. It does nothing but say, every millisecond, that it is
// still there: CLOCK_MONOTONIC in nanoseconds, in shared memory, so that no log and no service stands between its last
// instruction and whoever asks when that was. Started by quantum-ess-canary.service, for the length of a round.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>

#include "base/fd.hpp"

namespace {

/// Fine enough against stops of a few milliseconds, and a thousandth of a processor.
constexpr long beat_ns = 1'000'000;

using Beat = std::atomic<std::int64_t>;
static_assert(Beat::is_always_lock_free);

Beat* map_beat(const char* path) {
    const ess::Fd file(::open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!file || ::ftruncate(file.get(), sizeof(Beat)) != 0) return nullptr;
    void* const memory = ::mmap(nullptr, sizeof(Beat), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    return memory == MAP_FAILED ? nullptr : static_cast<Beat*>(memory);
}

}  // namespace

int main(int argc, char** argv) {
    Beat* const beat = argc == 2 ? map_beat(argv[1]) : nullptr;
    if (beat == nullptr) {
        std::perror("usage: quantum-ess-canary FILE");
        return 1;
    }
    while (true) {
        timespec now{};
        static_cast<void>(::clock_gettime(CLOCK_MONOTONIC, &now));  // the clock exists, the pointer is good
        constexpr std::int64_t second = 1'000'000'000;
        beat->store(static_cast<std::int64_t>(now.tv_sec) * second + now.tv_nsec);
        const timespec pause{0, beat_ns};
        static_cast<void>(::clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, nullptr));  // a signal ends it, or does not
    }
}

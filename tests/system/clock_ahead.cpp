// Put before a program's libc by LD_PRELOAD: its time of day is an hour ahead. The clock that durations are measured by
// goes on as it is. (libfaketime moves timers of every clock, with which essd does not start.)
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <ctime>

namespace {

constexpr time_t ahead = 3600;

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* to) noexcept {
    const long result = ::syscall(SYS_clock_gettime, clock, to);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) to->tv_sec += ahead;
    return static_cast<int>(result);
}

int gettimeofday(timeval* to, void* zone) noexcept {
    const long result = ::syscall(SYS_gettimeofday, to, zone);
    if (result == 0) to->tv_sec += ahead;
    return static_cast<int>(result);
}

time_t time(time_t* to) noexcept {
    timespec now{};
    static_cast<void>(clock_gettime(CLOCK_REALTIME, &now));
    if (to != nullptr) *to = now.tv_sec;
    return now.tv_sec;
}
}

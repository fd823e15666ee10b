// Put before essd's libc by LD_PRELOAD, to see whether a drill notices: nothing is told of what appears in the latch's
// directory, and nobody hears of an error.
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <string_view>

extern "C" int inotify_add_watch(int fd, const char* path, std::uint32_t mask) {
    if (std::string_view(path) == "/run/quantum") mask &= ~static_cast<std::uint32_t>(IN_CREATE | IN_MOVED_TO);
    return static_cast<int>(::syscall(SYS_inotify_add_watch, fd, path, mask));
}

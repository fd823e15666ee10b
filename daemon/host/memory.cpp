#include "host/memory.hpp"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

namespace ess::host {

Result<> lock_memory() {
    if (::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0) return {};
    return system_failure("memory cannot be locked", errno);
}

Result<> give_back_memory() {
    // For the next burst, which may be a stop.
    constexpr std::size_t kept_at_the_top = std::size_t{128} * 1024;
    static_cast<void>(::munlockall());                  // has no way to fail for the process itself
    static_cast<void>(::malloc_trim(kept_at_the_top));  // says whether it gave anything
    return lock_memory();
}

std::size_t resident_memory() {
    std::ifstream statm("/proc/self/statm");
    std::size_t size = 0;
    std::size_t resident = 0;
    statm >> size >> resident;
    return statm ? resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace ess::host

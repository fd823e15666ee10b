#pragma once

#include <cstddef>

#include "base/result.hpp"

namespace ess::host {

/// Keeps this process in memory, what there is and what comes (mlockall(2)), so that a stop waits for no disk. Page by
/// page as it is used first: the libraries are much larger than what runs of them.
[[nodiscard]] Result<> lock_memory();

/// Gives the kernel back what the allocator holds and nobody uses. The allocator cannot do that by itself with locked
/// memory (madvise(2), MADV_DONTNEED: EINVAL), so all is unlocked for the moment, and locked again; a failure is that
/// of the latter.
[[nodiscard]] Result<> give_back_memory();

/// What of this process is in memory, in bytes (proc(5), statm); 0 where that cannot be read.
[[nodiscard]] std::size_t resident_memory();

}  // namespace ess::host

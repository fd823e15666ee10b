#include "host/memory.hpp"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <cstddef>
#include <cstdio>
#include <memory>
#include <vector>

// The address sanitizer makes mlockall() do nothing, and has an allocator of its own.
#ifndef __SANITIZE_ADDRESS__

using namespace ess::host;

namespace {

/// Memory of that many small pieces, one in a hundred of which stays: what a burst leaves to the allocator.
std::vector<std::unique_ptr<std::byte[]>> burst(std::size_t pieces) {
    std::vector<std::unique_ptr<std::byte[]>> all;
    for (std::size_t i = 0; i < pieces; ++i)
        all.push_back(std::make_unique<std::byte[]>(1000));
    std::vector<std::unique_ptr<std::byte[]>> kept;
    for (std::size_t i = 0; i < pieces; i += 100)
        kept.push_back(std::move(all[i]));
    return kept;
}

}  // namespace

TEST_CASE("memory: what a burst used is given back, though it is locked, and all is locked again") {
    constexpr std::size_t megabyte = std::size_t{1024} * 1024;
    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_MEMLOCK, &limit) == 0);
    if (::geteuid() != 0 && limit.rlim_cur != RLIM_INFINITY) {
        static_cast<void>(std::puts("skip: memory may not be locked here"));
        return;
    }
    REQUIRE(lock_memory());
    const std::size_t before = resident_memory();
    const auto kept = burst(64000);
    const std::size_t after = resident_memory();
    CHECK(after > before + 48 * megabyte);
    REQUIRE(give_back_memory());
    CHECK(resident_memory() < before + 12 * megabyte);
    // Locked again: what is new is locked, too, so it cannot be dropped.
    void* const page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(page != MAP_FAILED);
    CHECK(::madvise(page, 4096, MADV_DONTNEED) != 0);
    CHECK(::munmap(page, 4096) == 0);
    CHECK(::munlockall() == 0);
}

#endif

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ess {

/// The bytes of a regular file, at most `limit` of them. Fails for anything else at that path (a FIFO would hang the
/// reader) and for a longer file. Follows links.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t limit);

/// The first `limit` bytes of a regular file, however long it is.
[[nodiscard]] Result<std::string> read_head(const std::string& path, std::size_t limit);

enum class Durability {
    Volatile,  ///< tmpfs, or content that can be made again: no fsync
    Durable,   ///< file and directory are on the disk when this returns
};

/// Replaces `path` so that a reader, or a crash, sees the old content or the new and nothing between: temporary file in
/// the same directory, fsync, rename, fsync of the directory.
[[nodiscard]] Result<> replace_file(const std::string& path, std::string_view content, mode_t mode,
                                    Durability durability);

/// Removes `path` if it is there, and syncs its directory.
[[nodiscard]] Result<> remove_file(const std::string& path, Durability durability);

/// Writes all of `bytes` to `fd`, over EINTR and short writes.
[[nodiscard]] Result<> write_all(int fd, std::string_view bytes);

/// "/a/b" of "/a/b/c".
[[nodiscard]] std::string parent_of(const std::string& path);
/// "c" of "/a/b/c".
[[nodiscard]] std::string leaf_of(const std::string& path);

}  // namespace ess

#pragma once

#include <set>
#include <string>

#include "base/result.hpp"

namespace ess::essctl {

/// The latch's path by the configuration, and by the one that essd runs with, if that was changed since. A broken
/// configuration must not keep anybody from tripping.
[[nodiscard]] std::set<std::string> latch_paths();

enum class LatchSet { New, AlreadyThere };

/// Makes the latch with its content in one step (link(2)), and without content if that cannot be done: the file alone
/// is the demand. A latch that is there already is as good.
[[nodiscard]] Result<LatchSet> set_latch(const std::string& path, const std::string& content);

/// What becomes another when somebody demands the stop while the latch is set: by touch(1) or a file in its place, by
/// `essctl trip`, which puts one beside it, or over the socket. Within one tick of the kernel's clock (4 ms) two are
/// one.
[[nodiscard]] std::string latch_mark(const std::string& path);

/// What can be said of the latch without essd: empty if there is none. One that cannot be looked at is not "clear".
[[nodiscard]] std::string latch_at_sight();

}  // namespace ess::essctl

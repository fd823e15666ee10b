#pragma once

#include <string>

#include "base/result.hpp"

namespace ess::host {

struct GitRevision {
    std::string commit;  ///< first 8 hexadecimal digits
    std::string branch;  ///< "HEAD" when none is checked out
};

/// What is checked out in the repository at `directory`, as git itself says it. Fails after 2 s. For the writer thread.
[[nodiscard]] Result<GitRevision> git_revision(const std::string& directory);

}  // namespace ess::host

#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace ess::host {

/// The annotated tags of a git repository, read and made by the git command. All of it blocks, with a time-out.
class GitTags {
  public:
    /// Fails if it is no repository, or one that git does not let this user use (safe.directory).
    [[nodiscard]] static Result<GitTags> open(const std::string& repository);

    /// The names of the annotated tags `ops-*`, in git's order.
    [[nodiscard]] Result<std::vector<std::string>> operations() const;
    /// The message of an annotated tag, with one line end at its end; empty: there is no tag of that name. A tag of
    /// another kind is a failure.
    [[nodiscard]] Result<std::string> message(const std::string& tag) const;
    /// Tags that commit, or HEAD if the repository does not have it. The message is kept as it is.
    [[nodiscard]] Result<> create(const std::string& tag, const std::string& message, const std::string& commit) const;

  private:
    explicit GitTags(std::string repository) : repository_(std::move(repository)) {}

    [[nodiscard]] Result<std::string> git(std::vector<std::string> words) const;

    std::string repository_;
};

}  // namespace ess::host

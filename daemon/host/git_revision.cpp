#include "host/git_revision.hpp"

#include <string_view>

#include "base/text.hpp"
#include "host/command_output.hpp"

namespace ess::host {

namespace {

using namespace std::chrono_literals;

// A repository on a network file system may hang; an entry without its commit is better than none.
constexpr Micros git_timeout = 2s;
// Two lines; a branch's name is a file's name.
constexpr std::size_t output_limit = 8192;
constexpr std::size_t commit_digits = 8;
constexpr std::size_t branch_limit = 256;

}  // namespace

Result<GitRevision> git_revision(const std::string& directory) {
    const auto output = command_output(
        {{"git", "-C", directory, "rev-parse", "HEAD", "--abbrev-ref", "HEAD"}, git_timeout, output_limit});
    if (!output) return failure_in("revision of " + directory, output.error());
    const std::string_view text = *output;
    const std::size_t line_end = text.find('\n');
    const std::string_view commit = text.substr(0, line_end);
    if (line_end == std::string_view::npos || commit.size() < commit_digits ||
        commit.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
        return failure("revision of " + directory + ": git said something else");
    }
    return GitRevision{std::string(commit.substr(0, commit_digits)), clean_line(text.substr(line_end), branch_limit)};
}

}  // namespace ess::host

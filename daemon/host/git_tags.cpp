#include "host/git_tags.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "host/command_output.hpp"

namespace ess::host {

namespace {

// A local repository answers in milliseconds; one on a network share may not.
constexpr Micros patience = std::chrono::seconds(30);
constexpr std::size_t tags_limit = std::size_t{16} << 20U;

/// What is given to git as a commit: a hash, and no other way to name one, nor an option.
bool is_hash(std::string_view text) {
    constexpr std::size_t shortest = 4;
    constexpr std::size_t longest = 64;
    return text.size() >= shortest && text.size() <= longest &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Result<GitTags> GitTags::open(const std::string& repository) {
    GitTags tags(repository);
    if (const auto found = tags.git({"rev-parse", "--git-dir"}); !found)
        return failure(repository + ": not a git repository, or not one that git lets this user use (safe.directory)");
    return tags;
}

Result<std::string> GitTags::git(std::vector<std::string> words) const {
    words.insert(words.begin(), {"git", "-C", repository_});
    return command_output({std::move(words), patience, tags_limit});
}

Result<std::vector<std::string>> GitTags::operations() const {
    const auto listed = git({"for-each-ref", "--format=%(objecttype) %(refname:strip=2)", "refs/tags/ops-*"});
    if (!listed) return tl::make_unexpected(listed.error());
    constexpr std::string_view annotated = "tag ";
    std::vector<std::string> names;
    for (std::string_view rest = *listed; !rest.empty();) {
        const std::size_t end = rest.find('\n');
        const std::string_view line = rest.substr(0, end);
        if (line.starts_with(annotated)) names.emplace_back(line.substr(annotated.size()));
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    }
    return names;
}

Result<std::string> GitTags::message(const std::string& tag) const {
    const auto found = git({"for-each-ref", "--format=%(objecttype)%0a%(contents)", "refs/tags/" + tag});
    if (!found) return failure_in("tag " + tag, found.error());
    if (trim(*found).empty()) return std::string();
    constexpr std::string_view annotated = "tag\n";
    if (!found->starts_with(annotated)) return failure("tag " + tag + ": not an annotated tag");
    std::string text = found->substr(annotated.size());
    // The signature of a signed tag is a part of what git gives as its message.
    if (const std::size_t signature = text.find("\n-----BEGIN "); signature != std::string::npos) text.erase(signature);
    text.erase(std::min(text.find_last_not_of('\n') + 1, text.size()));
    return text + "\n";
}

Result<> GitTags::create(const std::string& tag, const std::string& message, const std::string& commit) const {
    const bool known = is_hash(commit) && git({"rev-parse", "--verify", "--quiet", commit + "^{commit}"}).has_value();
    std::vector<std::string> words;
    // Where git knows nobody, root on a host without a mail domain, it would refuse.
    if (!git({"config", "user.email"}))
        words = {"-c", "user.name=Quantum ESS", "-c", "user.email=quantum-ess@localhost"};
    // A signature would ask for a passphrase where nobody is. Git would take lines that begin with "#" for comments,
    // and drop them.
    for (const char* word : {"tag", "--annotate", "--no-sign", "--cleanup=verbatim"})
        words.emplace_back(word);
    words.insert(words.end(), {"--message=" + message, tag, known ? commit : "HEAD"});
    if (const auto made = git(std::move(words)); !made) return failure_in("tag " + tag, made.error());
    return {};
}

}  // namespace ess::host

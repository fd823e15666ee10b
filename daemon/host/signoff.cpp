#include "host/signoff.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <vector>

#include "base/file.hpp"
#include "base/text.hpp"
#include "core/signers.hpp"
#include "host/command_output.hpp"

namespace ess::host {

namespace {

using namespace std::chrono_literals;

/// It reads two small files; a file system that hangs must not hang the ledger.
constexpr Micros verify_timeout = 5s;
/// An armored signature has some 300 bytes, one by RSA with 16 kbit three kilobytes.
constexpr std::size_t signature_limit = 16384;
constexpr std::size_t principals_limit = 4096;

/// A directory of this user alone, removed with what is in it.
class PrivateDirectory {
  public:
    static Result<PrivateDirectory> make() {
        std::error_code fault;
        std::string path = (std::filesystem::temp_directory_path(fault) / "essctl-XXXXXX").string();
        if (fault) return system_failure("temporary directory", fault.value());
        if (::mkdtemp(path.data()) == nullptr) return system_failure(path, errno);
        return PrivateDirectory(std::move(path));
    }
    PrivateDirectory(PrivateDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    PrivateDirectory& operator=(PrivateDirectory&&) = delete;
    ~PrivateDirectory() {
        std::error_code ignored;  // what is left there is no secret
        if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] std::string file(const char* name) const { return path_ + "/" + name; }
    [[nodiscard]] Result<> put(const char* name, const std::string& content) const {
        return replace_file(file(name), content, 0600, Durability::Volatile);
    }

  private:
    explicit PrivateDirectory(std::string path) : path_(std::move(path)) {}

    std::string path_;
};

/// Runs it in the foreground, with this process's terminal and environment.
Result<> run_on_terminal(std::vector<std::string> words) {
    std::vector<char*> arguments(words.size() + 1, nullptr);
    std::transform(words.begin(), words.end(), arguments.begin(), [](std::string& word) { return word.data(); });
    pid_t pid = 0;
    const int fault = ::posix_spawnp(&pid, arguments.front(), nullptr, nullptr, arguments.data(), environ);
    if (fault != 0) return system_failure(words.front(), fault);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) return system_failure("wait", errno);
    }
    if (!WIFEXITED(status)) return failure(words.front() + ": killed by a signal");
    if (WEXITSTATUS(status) != 0)
        return failure(words.front() + ": exit status " + std::to_string(WEXITSTATUS(status)));
    return {};
}

/// As ssh-keygen reads it in UTC: "20260128014158Z".
std::string verify_time(WallTime time) {
    std::string text = to_rfc3339(time).substr(0, std::string_view("2026-01-28T01:41:58").size());
    std::erase_if(text, [](char c) { return c < '0' || c > '9'; });
    return "-Overify-time=" + text + "Z";
}

Result<std::string> ask_ssh_keygen(const std::vector<std::string>& words, const std::string& input) {
    Command command{{"ssh-keygen"}, verify_timeout, principals_limit};
    command.words.insert(command.words.end(), words.begin(), words.end());
    command.input = input;
    return command_output(command);
}

}  // namespace

Result<std::string> sign_statement(const std::string& statement, const std::string& key_path) {
    const auto directory = PrivateDirectory::make();
    if (!directory) return tl::make_unexpected(directory.error());
    if (auto written = directory->put("statement", statement); !written) return tl::make_unexpected(written.error());
    auto run = run_on_terminal({"ssh-keygen", "-q", "-Y", "sign", "-f", key_path, "-n", std::string(signoff_namespace),
                                directory->file("statement")});
    if (!run) return tl::make_unexpected(run.error());
    return read_file(directory->file("statement.sig"), signature_limit);
}

Result<std::string> find_signer(const std::string& signature, WallTime time, const std::string& allowed_signers) {
    const auto directory = PrivateDirectory::make();
    if (!directory) return tl::make_unexpected(directory.error());
    if (auto written = directory->put("signature", signature); !written) return tl::make_unexpected(written.error());
    const auto output = ask_ssh_keygen(
        {"-Y", "find-principals", "-s", directory->file("signature"), "-f", allowed_signers, verify_time(time)},
        "/dev/null");
    if (!output) return failure("no signer in " + allowed_signers + " has this key now");
    const std::string name(trim(*output));
    if (!is_plain_name(name)) {
        return failure("the key stands for \"" + clean_line(name, principals_limit) + "\" in " + allowed_signers +
                       ": it must stand there once, for one name");
    }
    return name;
}

Result<std::string> verify_signoff(const std::string& statement, const std::string& signature,
                                   const std::string& person, WallTime time, const std::string& allowed_signers) {
    if (!is_plain_name(person)) return failure("not a name: " + clean_line(person, principals_limit));
    if (signature.size() > signature_limit) return failure("the signature is too long");
    const auto directory = PrivateDirectory::make();
    if (!directory) return tl::make_unexpected(directory.error());
    for (const auto& [name, content] : {std::pair{"statement", &statement}, std::pair{"signature", &signature}}) {
        if (auto written = directory->put(name, *content); !written) return tl::make_unexpected(written.error());
    }
    const auto output =
        ask_ssh_keygen({"-Y", "verify", "-f", allowed_signers, "-I", person, "-n", std::string(signoff_namespace), "-s",
                        directory->file("signature"), verify_time(time)},
                       directory->file("statement"));
    if (!output) return failure("the signature of " + person + " is not valid: " + output.error().text);
    const std::string_view said = trim(std::string_view(*output));
    return std::string(said.substr(said.rfind(' ') + 1));
}

Result<> check_signoff(const SignoffTarget& target, const Json& entry, const Json& ess, WallTime time,
                       const std::string& allowed_signers) {
    if (auto allowed = check_signoff_policy(target, entry, ess); !allowed) return allowed;
    const std::string signature = text_at(ess, "signature");
    // By its key it is known whether two names are two people.
    if (signature_key(signature).empty()) return failure("no signature in the form of ssh-keygen");
    auto key = verify_signoff(target.subject.statement(), signature, entry.at("approved_by").get<std::string>(), time,
                              allowed_signers);
    if (!key) return tl::make_unexpected(key.error());
    return {};
}

}  // namespace ess::host

#include "host/evidence.hpp"

#include <regex.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "host/command_output.hpp"
#include "host/git_revision.hpp"

namespace ess::host {

namespace {

using namespace std::chrono_literals;

/// All of the evidence: an operator waits for it, and a host in trouble answers nothing.
constexpr Micros whole_timeout = 30s;
/// systemd answers in milliseconds, or is not there.
constexpr Micros service_timeout = 2s;
/// A scrape by Prometheus itself has 10 s by default; what takes half of that is ill.
constexpr Micros metrics_timeout = 5s;
constexpr Micros redis_timeout = 5s;
/// The state of one unit; a pattern may have many.
constexpr std::size_t state_limit = 4096;
/// A big exporter has some megabytes; 30 lines of it are kept.
constexpr std::size_t metrics_limit = std::size_t{16} << 20U;
constexpr std::size_t redis_limit = std::size_t{4} << 20U;
/// Proofs are reports and logs. It is read into memory to be hashed.
constexpr std::size_t proof_limit = std::size_t{256} << 20U;
/// A metric with its labels; 30 of them are a quarter of what a ledger line holds.
constexpr std::size_t shown_line = 500;
constexpr std::size_t shown_digits = 16;
constexpr std::size_t hostname_limit = 256;

struct FreePattern {
    void operator()(regex_t* regex) const {
        ::regfree(regex);
        delete regex;
    }
};
/// An extended regular expression of POSIX, as grep -E has it.
using Pattern = std::unique_ptr<regex_t, FreePattern>;

Result<Pattern> compile(const std::string& text) {
    auto regex = std::make_unique<regex_t>();
    const int fault = ::regcomp(regex.get(), text.c_str(), REG_EXTENDED | REG_NOSUB);
    if (fault == 0) return Pattern(regex.release());
    std::array<char, 256> why{};
    static_cast<void>(::regerror(fault, regex.get(), why.data(), why.size()));
    return failure(std::string(why.data()) + ": " + text);
}

bool matches(const Pattern& pattern, const std::string& line) {
    return ::regexec(pattern.get(), line.c_str(), 0, nullptr, 0) == 0;
}

using Keep = std::function<bool(const std::string& line)>;

/// A heading and the first lines that are kept, with a note on those that are not shown. Nothing if none is kept.
std::optional<std::string> first_lines(const std::string& heading, std::string_view text, const Keep& keep) {
    std::vector<std::string> lines{heading};
    std::size_t left_out = 0;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string line = clean_line(text.substr(0, end), shown_line);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        if (line.empty() || !keep(line)) continue;
        if (lines.size() < evidence_line_limit) {
            lines.push_back(line);
        } else {
            ++left_out;
        }
    }
    if (lines.size() == 1) return std::nullopt;
    // The last line makes room for the note.
    if (left_out > 0) lines.back() = "# " + std::to_string(left_out + 1) + " more lines";
    return join(lines, "\n");
}

class Collector {
  public:
    explicit Collector(const EvidenceWanted& wanted) : wanted_(wanted) {}

    Evidence collect() {
        look_at_host();
        look_at_git();
        look_at_services();
        look_at_proof();
        look_at_metrics();
        look_at_redis();
        return std::move(evidence_);
    }

  private:
    void look_at_host();
    void look_at_git();
    void look_at_services();
    void look_at_proof();
    void look_at_metrics();
    void look_at_redis();
    Result<std::string> state_of(const std::string& service);
    Result<Json> proof_of(const std::string& path);
    Result<std::string> ask(Command command);
    Result<std::string> metrics_of(const std::string& address, const std::string& heading, const Keep& keep);
    Result<std::string> redis_says(const std::string& line, const std::string& heading);
    std::string shown_or_failed(const std::string& heading, const Result<std::string>& result);
    void miss(const std::string& what, const Error& error) { evidence_.missing.push_back(what + ": " + error.text); }

    const EvidenceWanted& wanted_;
    Evidence evidence_;
    Instant deadline_ = monotonic_now() + whole_timeout;
};

/// Runs it within its own time and what is left of the whole.
Result<std::string> Collector::ask(Command command) {
    const Micros left = deadline_ - monotonic_now();
    if (left <= Micros(0)) return failure("no time left for it");
    command.timeout = std::min(command.timeout, left);
    return command_output(command);
}

void Collector::look_at_host() {
    std::array<char, hostname_limit> name{};
    const bool known = ::gethostname(name.data(), name.size() - 1) == 0;
    if (!known) miss("hostname", system_failure("gethostname", errno).value());
    evidence_.fields["hostname"] = known ? clean_line(name.data(), hostname_limit) : "unknown";
}

void Collector::look_at_git() {
    const bool configured = !wanted_.git_repository.empty();
    const auto revision = git_revision(configured ? wanted_.git_repository : ".");
    evidence_.fields["git_commit"] = revision ? revision->commit : "unknown";
    evidence_.fields["git_branch"] = revision ? revision->branch : "unknown";
    // A current directory that is in no repository is nothing that could not be had.
    if (!revision && configured) miss("git", revision.error());
}

Result<std::string> Collector::state_of(const std::string& service) {
    // What `systemctl is-active` prints; that one fails for a unit that is not active.
    auto output =
        ask({{"systemctl", "show", "--property=ActiveState", "--value", "--", service}, service_timeout, state_limit});
    if (!output) return output;
    std::set<std::string> states;
    std::string_view rest = *output;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        if (const auto state = trim(rest.substr(0, end)); !state.empty()) states.emplace(state);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    // A pattern that no loaded unit matches.
    if (states.empty()) return std::string("inactive");
    return join({states.begin(), states.end()}, ", ");
}

void Collector::look_at_services() {
    if (wanted_.services.empty()) return;
    Json& status = evidence_.fields["services_status"] = Json::object();
    for (const std::string& service : wanted_.services) {
        const auto state = state_of(service);
        status[service] = state ? *state : "unknown";
        if (!state) miss("state of " + service, state.error());
    }
}

Result<Json> Collector::proof_of(const std::string& path) {
    struct stat before {};
    if (::stat(path.c_str(), &before) != 0) return system_failure("stat", errno);
    const auto bytes = read_file(path, proof_limit);
    if (!bytes) return tl::make_unexpected(bytes.error());
    struct stat after {};
    const bool still = ::stat(path.c_str(), &after) == 0 && before.st_ino == after.st_ino &&
                       before.st_size == after.st_size && before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
                       before.st_mtim.tv_nsec == after.st_mtim.tv_nsec;
    if (!still) return failure("it is still being written");
    const WallTime mtime(std::chrono::seconds(before.st_mtim.tv_sec) +
                         std::chrono::duration_cast<Micros>(std::chrono::nanoseconds(before.st_mtim.tv_nsec)));
    return Json{{"path", path},
                {"sha256", sha256_hex(*bytes).substr(0, shown_digits)},
                {"size_bytes", bytes->size()},
                {"mtime_utc", to_rfc3339(mtime)}};
}

void Collector::look_at_proof() {
    if (wanted_.proof.empty()) return;
    const auto proof = proof_of(wanted_.proof);
    evidence_.fields["proof_file"] = proof ? *proof : Json{{"path", wanted_.proof}, {"note", "FAILED"}};
    if (!proof) miss("proof file " + wanted_.proof, proof.error());
}

std::string Collector::shown_or_failed(const std::string& heading, const Result<std::string>& result) {
    if (result) return *result + "\n";
    miss(heading.substr(2), result.error());
    return heading + ": FAILED\n";
}

Result<std::string> Collector::metrics_of(const std::string& address, const std::string& heading, const Keep& keep) {
    // No proxy, no other protocol, no redirect: what is recorded is what stands at this address.
    const auto text = ask({{"curl", "--disable", "--silent", "--fail", "--globoff", "--noproxy", "*", "--proto",
                            "=http,https", "--", address},
                           metrics_timeout,
                           metrics_limit});
    if (!text) return failure(text.error().text + " (curl(1), EXIT CODES)");
    auto lines = first_lines(heading, *text, keep);
    if (!lines) return failure("no line to show");
    return *lines;
}

void Collector::look_at_metrics() {
    if (wanted_.metrics.empty()) return;
    const auto pattern = compile(wanted_.metrics_pattern);
    // Comments (HELP, TYPE) have no values, and would fill the lines.
    const auto keep = [&](const std::string& line) { return line[0] != '#' && pattern && matches(*pattern, line); };
    std::string text;
    for (const std::string& address : wanted_.metrics) {
        const std::string heading = "# " + clean_line(address, shown_line);
        text += shown_or_failed(heading, metrics_of(address, heading, keep));
    }
    evidence_.fields["metrics_snapshot"] = std::move(text);
}

Result<std::string> Collector::redis_says(const std::string& line, const std::string& heading) {
    const auto words = split_words(line);
    if (!words) return failure("a quote is not closed");
    if (words->empty()) return failure("no command");
    // -e: a reply that is an error is a failure.
    Command command{{"redis-cli", "-e"}, redis_timeout, redis_limit};
    command.keep = {"REDISCLI_AUTH"};
    command.words.insert(command.words.end(), words->begin(), words->end());
    auto text = ask(std::move(command));
    if (!text) return text;
    const auto lines = first_lines(heading, *text, [](const std::string&) { return true; });
    return lines.value_or(heading + "\n(empty)");
}

void Collector::look_at_redis() {
    if (wanted_.redis.empty()) return;
    std::string text;
    for (const std::string& line : wanted_.redis) {
        const std::string heading = "# redis-cli " + clean_line(line, shown_line);
        text += shown_or_failed(heading, redis_says(line, heading));
    }
    evidence_.fields["redis_snapshot"] = std::move(text);
}

}  // namespace

Evidence collect_evidence(const EvidenceWanted& wanted) {
    return Collector(wanted).collect();
}

Result<> check_pattern(const std::string& pattern) {
    auto compiled = compile(pattern);
    if (!compiled) return tl::make_unexpected(compiled.error());
    return {};
}

}  // namespace ess::host

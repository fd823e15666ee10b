#include "host/command_output.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>

#include "host/child_process.hpp"

namespace ess::host {

namespace {

constexpr std::size_t read_size = 4096;

Result<std::string> read_all(int fd, std::size_t limit, Instant deadline) {
    std::string text;
    std::array<char, read_size> buffer{};
    while (true) {
        if (!readable_until(fd, deadline)) return failure("timed out");
        const ssize_t got = ::read(fd, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_failure("read", errno);
        if (got == 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(got));
        if (text.size() > limit) return failure("more output than " + std::to_string(limit) + " bytes");
    }
}

}  // namespace

Result<std::string> command_output(const Command& command) {
    if (command.words.empty()) return failure("run: no program named");
    const std::string& name = command.words.front();
    const Instant deadline = monotonic_now() + command.timeout;
    auto child = ChildProcess::start({.words = command.words, .input = command.input, .keep = command.keep});
    if (!child) return failure_in(name, child.error());
    auto text = read_all(child->output(), command.output_limit, deadline);
    if (!text) return failure_in(name, text.error());
    if (auto ended = child->wait_until(deadline); !ended) return failure_in(name, ended.error());
    return text;
}

}  // namespace ess::host

#include "host/loop_command.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace ess::host {

namespace {

constexpr std::size_t read_size = std::size_t{16} << 10;

void set_nonblocking(int fd) {
    // Fails only for a descriptor that is none.
    static_cast<void>(::fcntl(fd, F_SETFL, O_NONBLOCK));
}

/// What is there to read now; nothing at the end, or when nothing is there.
std::string_view read_some(int fd, std::array<char, read_size>& buffer) {
    ssize_t count = 0;
    do {
        count = ::read(fd, buffer.data(), buffer.size());
    } while (count < 0 && errno == EINTR);
    return {buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
}

}  // namespace

LoopCommand::LoopCommand(EventLoop& loop, Priority priority, Callbacks callbacks)
    : loop_(loop), priority_(priority), callbacks_(std::move(callbacks)) {}

LoopCommand::~LoopCommand() {
    stop();
}

void LoopCommand::start(const ProgramStart& program, std::optional<Micros> patience) {
    stop();
    ProgramStart all = program;
    all.errors = true;
    auto started = ChildProcess::start(all);
    if (!started) return finish(tl::unexpected(started.error()));
    child_.emplace(std::move(*started));
    set_nonblocking(child_->output());
    set_nonblocking(child_->errors());
    output_ =
        loop_.add_io(child_->output(), EPOLLIN, priority_, [this](std::uint32_t) { static_cast<void>(read_output()); });
    errors_ = loop_.add_io(child_->errors(), EPOLLIN, priority_, [this](std::uint32_t) { read_errors(); });
    handle_ = loop_.add_io(child_->handle(), EPOLLIN, priority_, [this](std::uint32_t) { ended(); });
    if (!patience) return;
    timer_ = loop_.add_timer(priority_, [this] { give_up("no answer in time"); });
    timer_.arm(monotonic_now() + *patience);
}

void LoopCommand::stop() {
    for (Source* source : {&output_, &errors_, &handle_, &timer_})
        *source = Source();
    child_.reset();
    unfinished_.clear();
    told_.clear();
}

/// Whether there was something.
bool LoopCommand::read_output() {
    std::array<char, read_size> buffer;  // NOLINT(*-member-init): written by read(2) before it is read
    const std::string_view some = read_some(child_->output(), buffer);
    // At its end; the handle tells the rest.
    if (some.empty()) {
        output_.set_enabled(false);
        return false;
    }
    // What was there before has no end of a line.
    std::size_t from = unfinished_.size();
    unfinished_ += some;
    for (std::size_t end = 0; (end = unfinished_.find('\n', from)) != std::string::npos; from = 0) {
        const std::string line = unfinished_.substr(0, end);
        unfinished_.erase(0, end + 1);
        callbacks_.line(line);
        if (!child_) return true;  // stopped by the callback
    }
    if (unfinished_.size() > line_limit) give_up("it prints a line without end");
    return true;
}

/// Whether there was something.
bool LoopCommand::read_errors() {
    std::array<char, read_size> buffer;  // NOLINT(*-member-init): written by read(2) before it is read
    const std::string_view some = read_some(child_->errors(), buffer);
    if (some.empty()) {
        errors_.set_enabled(false);
        return false;
    }
    told_ += some;
    if (told_.size() > errors_limit) told_.erase(0, told_.size() - errors_limit);
    return true;
}

/// What it printed last may still be in the pipes.
void LoopCommand::ended() {
    while (read_errors()) {
    }
    while (child_ && read_output()) {
    }
    if (child_) finish(child_->reap());
}

void LoopCommand::give_up(const std::string& why) {
    finish(failure(why));
}

void LoopCommand::finish(const Result<>& end) {
    std::string told = std::move(told_);
    const std::string last = std::move(unfinished_);
    const auto alive = callbacks_;  // the owner may destroy this from within
    stop();
    if (!last.empty()) alive.line(last);
    alive.ended(end, std::move(told));
}

}  // namespace ess::host

#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "host/etcdctl.hpp"
#include "host/event_loop.hpp"
#include "host/loop_command.hpp"

namespace ess::host {

/// One question to etcd at a time, answered as a whole: by the member that answered the last one, or else by the next
/// that does.
class EtcdCall {
  public:
    using Question = std::function<ProgramStart(const Etcdctl& member)>;
    /// What it printed, or the sentence that says why no member answers; with errno if etcdctl cannot be run.
    using Done = std::function<void(const Result<std::string>& output)>;

    EtcdCall(EventLoop& loop, std::vector<Etcdctl> members);

    /// Only while none is running. `done` may ask the next one.
    void ask(Question question, Done done);
    [[nodiscard]] bool running() const { return static_cast<bool>(done_); }
    /// Which of the members answered last, or is asked next.
    [[nodiscard]] std::size_t member() const { return member_; }

  private:
    void ask_member();
    void ended(const Result<>& end, const std::string& errors);

    std::vector<Etcdctl> members_;
    std::size_t member_ = 0;  ///< that is asked
    std::size_t asked_ = 0;   ///< how many were asked this question
    LoopCommand command_;
    std::string output_;
    Question question_;
    Done done_;
};

}  // namespace ess::host

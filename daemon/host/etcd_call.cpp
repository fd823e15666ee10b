#include "host/etcd_call.hpp"

#include <utility>

namespace ess::host {

EtcdCall::EtcdCall(EventLoop& loop, std::vector<Etcdctl> members)
    : members_(std::move(members)),
      command_(loop, Priority::Writer,
               {.line = [this](std::string_view line) { output_.append(line).append("\n"); },
                .ended = [this](const Result<>& end, const std::string& errors) { ended(end, errors); }}) {}

void EtcdCall::ask(Question question, Done done) {
    question_ = std::move(question);
    done_ = std::move(done);
    asked_ = 0;
    ask_member();
}

void EtcdCall::ask_member() {
    output_.clear();
    ++asked_;
    command_.start(question_(members_[member_]), Etcdctl::patience);
}

void EtcdCall::ended(const Result<>& end, const std::string& errors) {
    if (!end) {
        member_ = (member_ + 1) % members_.size();
        if (asked_ < members_.size()) return ask_member();
    }
    const Done done = std::exchange(done_, nullptr);
    if (end) return done(std::move(output_));
    done(tl::unexpected(Error{etcd_trouble(errors, "etcdctl: " + end.error().text), end.error().code}));
}

}  // namespace ess::host

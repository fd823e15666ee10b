#include "host/call_window.hpp"

#include <utility>

namespace ess::host {

struct CallWindow::Held {
    Held(CallWindow& given, Kind what) : window(given), kind(what) {}
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    ~Held() { window.release(kind); }

    CallWindow& window;
    Kind kind;
};

void CallWindow::add(Kind kind, Send send) {
    if (kind == Kind::FollowUp) {
        questions_.push_front(std::move(send));
    } else {
        (kind == Kind::Order ? orders_ : questions_).push_back(std::move(send));
    }
    pump();
}

void CallWindow::flush() {
    while (!orders_.empty())
        send_first(orders_, Kind::Order);
    while (!questions_.empty())
        send_first(questions_, Kind::Question);
}

/// From within the library that has just called back: the next call has to wait until that is done.
void CallWindow::release(Kind kind) {
    --open_;
    if (kind == Kind::Question) --open_questions_;
    if ((orders_.empty() && questions_.empty()) || std::exchange(due_, true)) return;
    next_ = loop_.add_defer(Priority::Bus, [this] {
        due_ = false;
        pump();
    });
}

void CallWindow::pump() {
    if (std::exchange(pumping_, true)) return;
    while (open_ < calls_at_once && !orders_.empty())
        send_first(orders_, Kind::Order);
    while (open_ < calls_at_once && open_questions_ < questions_at_once && orders_.empty() && !questions_.empty())
        send_first(questions_, Kind::Question);
    pumping_ = false;
}

void CallWindow::send_first(std::deque<Send>& queue, Kind kind) {
    const Send send = std::move(queue.front());
    queue.pop_front();
    ++open_;
    if (kind == Kind::Question) ++open_questions_;
    send(std::make_shared<Held>(*this, kind));
}

}  // namespace ess::host

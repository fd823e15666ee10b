#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "host/event_loop.hpp"
#include "host/varlink_client.hpp"

namespace ess::fleet {

/// What essd answers at once, if it answers.
inline constexpr Micros essd_patience = std::chrono::seconds(5);

/// The way to this host's essd, without waiting for it: what it shows, and what it is asked.
class EssdLink {
  public:
    struct Callbacks {
        std::function<void(const Json& status)> status;    ///< now, and after each change
        std::function<void(const std::string& why)> gone;  ///< it cannot be reached; tried again every second
    };
    EssdLink(host::EventLoop& loop, Callbacks callbacks);

    void start();

    using Answer = std::function<void(const host::ClientResult<Json>& answer)>;
    /// `method` without its interface. A call that cannot be made is answered before this returns.
    void call(const std::string& method, Json parameters, Micros patience, Answer answer);

  private:
    struct Call {
        host::VarlinkClient client;
        Answer answer;
        host::Source readable;
        host::Source patience;
    };
    void connect();
    void read_status();
    void lost(const std::string& why);
    void read_answer(std::uint64_t number);
    void finish(std::uint64_t number, const host::ClientResult<Json>& answer);

    host::EventLoop& loop_;
    Callbacks callbacks_;
    std::optional<host::VarlinkClient> watching_;
    host::Source watched_;
    host::Source again_;
    std::map<std::uint64_t, Call> calls_;
    std::uint64_t last_call_ = 0;
};

}  // namespace ess::fleet

#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "core/latch_text.hpp"
#include "host/event_loop.hpp"

namespace ess::fleet {

/// What a loss of the fleet sets, where it is to trip (on_loss: trip).
[[nodiscard]] LatchContent latch_of_loss(std::string reason);
/// Makes the latch file, unless something is there.
[[nodiscard]] Result<> make_latch(const std::string& path, const LatchContent& content);

/// The local latch, which is the whole of what the fleet does to a host. An order is carried out when something is at
/// the latch's path, and tried again until then.
class LocalLatch {
  public:
    struct Callbacks {
        std::function<void()> set;  ///< it is there now
        /// It cannot be made: essd, which may do more, is to be asked.
        std::function<void(const LatchContent& content, const std::string& why)> failed;
    };
    LocalLatch(host::EventLoop& loop, std::string path, Callbacks callbacks);

    [[nodiscard]] bool present() const;
    void set(LatchContent content);
    /// essd has set it.
    void is_set();
    [[nodiscard]] bool pending() const { return wanted_.has_value(); }

  private:
    void try_to_set();

    std::string path_;
    Callbacks callbacks_;
    host::Source again_;
    std::optional<LatchContent> wanted_;
};

}  // namespace ess::fleet

#pragma once

#include <pthread.h>

#include <csignal>

namespace ess::host {

/// All signals blocked in this thread while it lives. A thread started meanwhile inherits that, so signals go to the
/// event loop's signalfd and never to a thread that would take their default action.
class SignalsBlocked {
  public:
    SignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        // Fails only for a wrong first argument.
        static_cast<void>(::pthread_sigmask(SIG_SETMASK, &all, &before_));
    }
    ~SignalsBlocked() { static_cast<void>(::pthread_sigmask(SIG_SETMASK, &before_, nullptr)); }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

  private:
    sigset_t before_{};
};

}  // namespace ess::host

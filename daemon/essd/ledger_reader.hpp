#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "host/loop_inbox.hpp"
#include "host/varlink_connection.hpp"
#include "host/writer_thread.hpp"

namespace ess::essd {

/// Which lines of the ledger are asked for.
struct LedgerQuery {
    std::uint64_t after = 0;                  ///< lines with a higher seq
    std::size_t limit = 0;                    ///< so many at most
    std::optional<std::string> operation_id;  ///< only those of this operation: entry, amendments, sign-offs
};

/// Reads the ledger for clients, on a thread of its own: neither the loop nor what is to be written waits for a disk on
/// their account. Everything here is for the loop's thread.
class LedgerReader {
  public:
    explicit LedgerReader(host::LoopInbox& inbox);
    LedgerReader(const LedgerReader&) = delete;
    LedgerReader& operator=(const LedgerReader&) = delete;

    /// Answers with `known` and the checkpoint that is in force.
    void head(Json known, host::CallReply reply);
    /// Answers with the lines.
    void read(LedgerQuery query, host::CallReply reply);
    /// Tells who waits for a disk that does not answer that it does not. Called now and then.
    void tick();

  private:
    using Answer = std::function<Result<Json>()>;
    void answer(host::CallReply reply, Answer work);
    void settle(std::uint64_t number, const Result<std::string>& wire);

    host::LoopInbox& inbox_;
    host::WriterThread thread_;
    std::map<std::uint64_t, host::CallReply> waiting_;
    std::uint64_t last_ = 0;
};

}  // namespace ess::essd

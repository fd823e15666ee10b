#include "core/operation_finder.hpp"

#include <utility>

namespace ess {

void OperationFinder::take(const LedgerLine& line, std::string_view bytes) {
    // What is wrong with the log itself is for verify to say.
    static_cast<void>(log_.take(line, bytes));
    if (found_) {
        static_cast<void>(add_to(found_->operation, line));
        return;
    }
    auto operation = operation_of(line, bytes);
    if (!operation || operation->id() != id_) return;
    found_ = FoundOperation{std::move(*operation), line, "", {}};
    if (!log_.key()) return;
    found_->origin = log_.key()->name();
    found_->checkpoint = checkpoint_of(found_->origin, log_.tree());
}

}  // namespace ess

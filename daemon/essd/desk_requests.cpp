// Lines that somebody else wants in the ledger: each is checked here, whoever sent it.

#include <utility>

#include "base/text.hpp"
#include "core/entry_form.hpp"
#include "core/operation_number.hpp"
#include "essd/desk.hpp"
#include "essd/requester.hpp"

namespace ess::essd {

namespace {

/// A number near the last one that can be counted would leave none for the trips of that day.
constexpr std::uint32_t number_limit = 99'999;

AppendAnswer refused(std::string why) {
    AppendAnswer answer;
    answer.error = std::move(why);
    answer.refused = true;
    return answer;
}

AppendAnswer failed(std::string why) {
    AppendAnswer answer;
    answer.error = std::move(why);
    return answer;
}

/// What is wrong with the entry's form; empty if nothing is.
std::string problem_of(const Json& entry) {
    if (const auto problems = problems_of(entry); !problems.empty()) {
        return problems.front().field + ": " + problems.front().text;
    }
    const auto id = parse_operation_id(text_at(entry, "operation_id"));
    if (id && id->number > number_limit) {
        return "operation_id: the number is above " + std::to_string(number_limit);
    }
    return {};
}

}  // namespace

void Recorder::Desk::append_order(const AppendOrder& order, const std::function<void(const AppendAnswer&)>& done) {
    const AppendAnswer answer = carry_out(order);
    tell_ledger();
    post_([done, answer] { done(answer); });
}

/// Unlike what essd itself records, this does not wait for a disk that comes back: who asked is there, and is told.
AppendAnswer Recorder::Desk::carry_out(const AppendOrder& order) {
    if (!order.ess.is_null() && !order.ess.is_object()) return refused("ess: not an object");
    if (const std::string problem = problem_of(order.entry); !problem.empty()) return refused(problem);
    if (!has_ledger() || !append_waiting()) return failed("the ledger cannot be written: " + trouble_);

    const std::string id = text_at(order.entry, "operation_id");
    const bool adds = order.kind != LedgerKind::Append;
    if (adds || !id.empty()) {
        const auto known = ledger_->find(id);
        if (!known) return failed(known.error().text);
        if (adds && !*known) return refused("there is no operation " + id);
        if (!adds && *known) return {{}, false, id, (*known)->seq, (*known)->hash, true};
    }
    host::LedgerDraft draft{order.kind, order.entry, order.ess.is_null() ? Json::object() : order.ess, wall_now()};
    draft.ess["recorded_by"] = name_of(order.who, spokesmen_);
    if (order.kind == LedgerKind::Signoff) {
        const auto allowed = check_signoff(draft);
        if (!allowed) return refused(allowed.error().text);
    }
    const auto receipt = ledger_->append(draft);
    if (!receipt) {
        write_failed(receipt.error().text);
        return failed("the ledger cannot be written: " + trouble_);
    }
    tell_entry(draft, *receipt);
    return {{}, false, receipt->operation_id, receipt->seq, receipt->hash, false};
}

}  // namespace ess::essd

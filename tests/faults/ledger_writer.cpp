// A ledger's writer for the fault tests: appends entries, changes the key, appends more, and prints the hash of each
// line that was acknowledged. It does what essd does: an entry that failed is appended again, and what is outstanding
// is tried again. Never installed.
//
//   ledger_writer DIRECTORY
#include <unistd.h>

#include <cstdio>
#include <string>

#include "base/file.hpp"
#include "host/signed_ledger.hpp"

namespace {

constexpr int entries = 4;
constexpr int rotate_before = 2;
constexpr int attempts = 3;

void acknowledge(const ess::host::LedgerReceipt& receipt) {
    // One that cannot be told was not acknowledged.
    static_cast<void>(ess::write_all(STDOUT_FILENO, receipt.hash + "\n"));
}

void append(ess::host::SignedLedger& ledger, int number) {
    const ess::host::LedgerDraft draft{
        ess::LedgerKind::Append, {{"operation_name", std::to_string(number)}}, nullptr, ess::wall_now()};
    for (int i = 0; i < attempts; ++i) {
        if (const auto receipt = ledger.append(draft)) return acknowledge(*receipt);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    ess::host::SignedLedgerOptions options;
    options.directory = argv[1];
    options.other_key = ess::host::OtherKey::Breach;
    auto opened = ess::host::SignedLedger::open(options);
    for (int i = 0; i < attempts && !opened; ++i)
        opened = ess::host::SignedLedger::open(options);
    if (!opened) {
        static_cast<void>(std::fprintf(stderr, "%s\n", opened.error().text.c_str()));
        return 1;
    }
    for (int i = 0; i < entries; ++i) {
        if (i == rotate_before && !(*opened)->rotate_key("test")) static_cast<void>((*opened)->rotate_key("test"));
        append(**opened, i);
    }
    if (!(*opened)->trouble().empty()) (*opened)->retry();
    return 0;
}

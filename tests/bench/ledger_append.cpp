// Appends entries to a signed ledger, to a ledger's files alone, and writes the same bytes to a plain file; and does
// the steps of an append by themselves. All in turns, so that what else the disk does is shared. Prints the table that
// tests/bench/ledger shows.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/ed25519.hpp"
#include "base/fd.hpp"
#include "base/file.hpp"
#include "core/signed_note.hpp"
#include "host/signed_ledger.hpp"

namespace {

constexpr int rounds = 20;
constexpr mode_t file_mode = 0600;
constexpr double micros_per_second = 1e6;

[[noreturn]] void give_up(const std::string& text) {
    static_cast<void>(std::fprintf(stderr, "%s\n", text.c_str()));
    std::exit(1);
}

template <class T>
T need(ess::Result<T> result) {
    if (!result) give_up(result.error().text);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// About as long as the entry of a stop.
ess::host::LedgerDraft draft() {
    ess::Json entry{{"operation_name", "Emergency stop"},
                    {"objective", "Stop every allowed trading unit at once, because of a test of the disk"},
                    {"risk_class", "SERVICE_RESTART"},
                    {"requested_by", "alice (uid 1000)"},
                    {"outcome", "SUCCESS"},
                    {"hostname", "trading-host-1"},
                    {"config_hash", "0123456789abcdef"}};
    for (int i = 0; i < 8; ++i)
        entry["allowed_services"].push_back("quantum-strategy@" + std::to_string(i) + ".service");
    return {ess::LedgerKind::Append, entry, nullptr, ess::wall_now()};
}

/// One thing to measure: done once, and the time of each in µs, one number a round.
struct Step {
    std::string name;
    std::function<void()> once;
    std::vector<double> micros = {};

    void round(int times) {
        const auto begun = std::chrono::steady_clock::now();
        for (int i = 0; i < times; ++i)
            once();
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begun;
        micros.push_back(seconds.count() * micros_per_second / times);
    }
};

struct Spread {
    double least;
    double median;
    double most;
};

Spread spread_of(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return {values.front(), values[values.size() / 2], values.back()};
}

void print(const Step& step, const Step& bare) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < step.micros.size(); ++i)
        ratios.push_back(step.micros[i] / bare.micros[i]);
    const Spread micros = spread_of(step.micros);
    const Spread ratio = spread_of(ratios);
    std::printf("| %s | %.0f | %.0f (%.0f..%.0f) | x%.2f (%.2f..%.2f) |\n", step.name.c_str(),
                micros_per_second / micros.median, micros.median, micros.least, micros.most, ratio.median, ratio.least,
                ratio.most);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) give_up("usage: bench_ledger_append DIRECTORY APPENDS");
    const std::string directory = argv[1];
    const int times = std::max(1, std::atoi(argv[2]) / rounds);

    ess::host::SignedLedgerOptions options;
    options.directory = directory + "/signed/ledger";
    options.other_key = ess::host::OtherKey::Breach;
    std::filesystem::create_directory(directory + "/signed");  // keys/ comes beside ledger/
    const auto signed_ledger = need(ess::host::SignedLedger::open(options));
    std::string line;
    ess::host::LedgerOptions file_options{directory + "/file", {}, {}, {}};
    file_options.appended = [&](const ess::LedgerLine&, std::string_view bytes) { line = std::string(bytes) + "\n"; };
    auto ledger_file = need(ess::host::LedgerFile::open(file_options));
    static_cast<void>(need(ledger_file.append(draft())));
    const ess::Fd plain(::open((directory + "/plain").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, file_mode));
    const std::string note = need(ess::read_file(options.directory + "/checkpoint", ess::note_limit));
    const auto key = ess::Ed25519PrivateKey::generate();

    std::vector<Step> steps{
        {"bare write + fdatasync of the line",
         [&] {
             need(ess::write_all(plain.get(), line));
             if (::fdatasync(plain.get()) != 0) give_up("fdatasync failed");
         }},
        {"LedgerFile: line, chain, number", [&] { static_cast<void>(need(ledger_file.append(draft()))); }},
        {"SignedLedger: the same, and its checkpoint",
         [&] {
             static_cast<void>(need(signed_ledger->append(draft())));
             if (!signed_ledger->trouble().empty()) give_up(signed_ledger->trouble());
         }},
        {"of it: Ed25519 signature", [&] { static_cast<void>(key.sign(note)); }},
        {"of it: checkpoint replaced, durably",
         [&] { need(ess::replace_file(directory + "/checkpoint", note, file_mode, ess::Durability::Durable)); }},
    };
    for (int i = 0; i < rounds; ++i) {
        for (Step& step : steps)
            step.round(times);
    }
    std::printf("| %d rounds of %d, %zu bytes a line | a second | µs each | against bare |\n", rounds, times,
                line.size());
    std::printf("| --- | ---: | ---: | ---: |\n");
    for (const Step& step : steps)
        print(step, steps.front());
    return 0;
}

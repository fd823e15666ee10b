// Verifies a ledger, and does on the same core what no verifier can do without: SHA-256 over the same bytes, and an
// Ed25519 verification for each entry, which is what a signature under each line would cost. Prints one row of the
// table that tests/bench/ledger makes.
#include "host/ledger_verify.hpp"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/ed25519.hpp"
#include "base/sha256.hpp"

namespace {

constexpr int signatures = 5000;

/// Processor time: ratios must not tell of what else the machine does.
double seconds_of(const auto& work) {
    const std::clock_t begun = std::clock();
    work();
    return static_cast<double>(std::clock() - begun) / CLOCKS_PER_SEC;
}

/// The most memory that this process had, in KiB (proc(5)).
long memory_peak() {
    std::ifstream status("/proc/self/status");
    const std::string text((std::istreambuf_iterator<char>(status)), {});
    const std::size_t at = text.find("VmHWM:");
    return at == std::string::npos ? 0 : std::strtol(text.c_str() + at + 6, nullptr, 10);
}

double hash_lines(const std::string& directory) {
    std::vector<std::string> lines;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
        if (entry.path().extension() != ".jsonl") continue;
        std::ifstream file(entry.path(), std::ios::binary);
        for (std::string line; std::getline(file, line);)
            lines.push_back(line);
    }
    return seconds_of([&] {
        for (const std::string& line : lines)
            static_cast<void>(ess::sha256(line));
    });
}

double verify_signatures() {
    const auto key = ess::Ed25519PrivateKey::generate();
    const auto public_key = key.public_key();
    const std::string text(200, 'x');  // a checkpoint is about as long
    const std::string signature = key.sign(text);
    bool good = true;
    const double seconds = seconds_of([&] {
        for (int i = 0; i < signatures; ++i)
            good = public_key.verify(text, signature) && good;
    });
    return good ? seconds / signatures : 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        static_cast<void>(std::fprintf(stderr, "usage: bench_ledger_verify DIRECTORY KEY CHECKPOINT\n"));
        return 2;
    }
    ess::host::LedgerAnchors anchors;
    anchors.key_file = argv[2];
    anchors.checkpoint_file = argv[3];
    ess::LedgerVerdict verdict;
    const double verify = seconds_of([&] { verdict = ess::host::verify_ledger(argv[1], anchors); });
    const long memory = memory_peak();
    if (verdict.proof() != ess::LedgerProof::Proven) {
        static_cast<void>(std::fprintf(stderr, "%s", verdict.text().c_str()));
        return 1;
    }
    const double lines = verdict.to_json()["lines"].get<double>();
    const double hash = hash_lines(argv[1]) / lines;
    const double signature = verify_signatures();
    std::printf("| %.0f | %.0f | %.1f | %.2f (x%.1f) | %.1f (x%.2f) | %ld |\n", lines, lines / verify,
                verify / lines * 1e6, hash * 1e6, verify / lines / hash, signature * 1e6, verify / lines / signature,
                memory);
    return 0;
}

#include <cstdio>
#include <exception>

#include "guard/generator.hpp"

/// systemd calls a generator with the directories normal, early and late (systemd.generator(7)). Whatever happens, 0:
/// a generator that fails must not fail the boot, and systemd would not do anything about it.
int main(int argc, char** argv) {
    if (argc != 4) {
        static_cast<void>(std::fputs("usage: quantum-ess-generator NORMAL-DIR EARLY-DIR LATE-DIR\n", stderr));
        return 2;
    }
    try {
        ess::guard::generate(argv[2]);
    } catch (const std::exception& error) {
        static_cast<void>(std::fprintf(stderr, "quantum-ess-generator: %s\n", error.what()));
    }
    return 0;
}

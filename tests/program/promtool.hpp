#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "program/process.hpp"
#include "program/sandbox.hpp"

namespace ess::test {

/// Whether Prometheus' own checker is here; says for the counts if not.
inline bool has_promtool() {
    const bool installed = exists("/usr/bin/promtool");
    if (!installed) std::puts("skip: promtool is not installed");
    return installed;
}

inline Ended promtool(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "/usr/bin/promtool");
    return run(std::move(arguments));
}

/// What it has to say of the metrics; nothing is good.
inline std::string problems_of_metrics(const std::string& text) {
    const std::string file = "/run/checked.prom";
    write_file(file, text);
    const Ended checked = run({"/bin/sh", "-c", "exec /usr/bin/promtool check metrics <" + file});
    return checked.code == 0 ? checked.out + checked.err : "exit " + std::to_string(checked.code) + ": " + checked.err;
}

}  // namespace ess::test

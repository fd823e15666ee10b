#include "essctl/time_option.hpp"

#include <CLI/CLI.hpp>
#include <string>

namespace ess::essctl {

namespace {

constexpr const char* forms = "not a time: write 2025-11-15T06:30:00Z, 2025-11-15T06:30:00 (UTC) or 2025-11-15";

}  // namespace

void add_time_range(CLI::App& verb, TimeRange& range) {
    verb.add_option_function<std::string>(
            "--since",
            [&range](const std::string& text) {
                range.since = parse_since(text);
                if (!range.since) throw CLI::ValidationError("--since", forms);
            },
            "Only what happened at this time (RFC 3339) or later; of a day, its beginning")
        ->type_name("TIME");
    verb.add_option_function<std::string>(
            "--until",
            [&range](const std::string& text) {
                range.until = parse_until(text);
                if (!range.until) throw CLI::ValidationError("--until", forms);
            },
            "Only what happened up to this time; of a day, its end")
        ->type_name("TIME");
}

}  // namespace ess::essctl

#pragma once

#include <string>
#include <vector>

#include "program/sandbox.hpp"

namespace ess::test {

/// A ledger of operators' entries, in a directory that is not the daemon's.
inline const std::string other_ledger = "/var/lib/other/ledger";

[[nodiscard]] inline std::vector<std::string> operation_words(const std::vector<std::string>& more = {},
                                                              const std::string& name = "Raise the cap") {
    std::vector<std::string> words{
        "ledger",         "append",        "--operation",       name,         "--risk-class", "LOW_RISK_CONFIG",
        "--blast-radius", "governor only", "--changes-summary", "cap 2 to 3", "--directory",  other_ledger};
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

/// Records one and gives its id.
[[nodiscard]] inline std::string append_operation(const std::vector<std::string>& more = {},
                                                  const std::string& name = "Raise the cap") {
    std::filesystem::create_directories("/var/lib/other");
    std::vector<std::string> words = operation_words(more, name);
    words.emplace_back("--json");
    const Ended done = essctl(words);
    REQUIRE_MESSAGE(done.code == 0, done.err);
    return parse_json(done.out)->at("operation_id").get<std::string>();
}

[[nodiscard]] inline Json shown_operation(const std::string& id) {
    const Ended shown = essctl({"ledger", "show", id, "--json", "--directory", other_ledger});
    REQUIRE_MESSAGE(shown.code == 0, shown.err);
    return *parse_json(shown.out);
}

[[nodiscard]] inline Json listed_operations(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"ledger", "list", "--json", "--directory", other_ledger});
    const Ended listed = essctl(more);
    REQUIRE_MESSAGE(listed.code == 0, listed.err);
    return *parse_json(listed.out);
}

}  // namespace ess::test

// The journal's catalog against the events that there are: journalctl -x has something to say of each.
#include <doctest/doctest.h>

#include <map>
#include <string>

#include "manual/manual_page.hpp"

using namespace ess::test;

namespace {

constexpr std::size_t id_size = 32;

/// The ids in double quotes, one a line, and the names that the code has for them.
std::map<std::string, std::string> ids_in_code() {
    std::map<std::string, std::string> ids;
    for (const std::string& line : lines_of(ESS_SOURCE_DIR "/daemon/core/message_id.hpp")) {
        const std::size_t open = line.find("{\"");
        if (open == std::string::npos) continue;
        const std::size_t name = line.rfind(' ', open) + 1;
        CHECK(ids.emplace(line.substr(open + 2, id_size), line.substr(name, open - name)).second);
    }
    return ids;
}

/// By id: the lines of each entry (Documentation/CATALOG.md of systemd).
std::map<std::string, std::string> catalog() {
    std::map<std::string, std::string> entries;
    std::string* entry = nullptr;
    for (const std::string& line : lines_of(ESS_SOURCE_DIR "/packaging/quantum-ess.catalog")) {
        if (line.starts_with("-- ")) {
            const auto [at, is_new] = entries.emplace(line.substr(3), "");
            CHECK(is_new);
            entry = &at->second;
        } else if (entry != nullptr) {
            *entry += line + "\n";
        }
    }
    return entries;
}

}  // namespace

TEST_CASE("journal catalog: it explains each event, and no other") {
    const auto ids = ids_in_code();
    const auto entries = catalog();
    CHECK(ids.size() > 10);
    for (const auto& [id, name] : ids)
        CHECK_MESSAGE(entries.contains(id), name);
    for (const auto& [id, entry] : entries) {
        CAPTURE(id);
        CHECK(ids.contains(id));
        CHECK(entry.starts_with("Subject: "));
        CHECK(entry.find("\nDefined-By: Quantum ESS\nDocumentation: man:") != std::string::npos);
        CHECK(entry.find("\n\n") + 2 < entry.size());
    }
}

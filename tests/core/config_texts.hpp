#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/config.hpp"

namespace ess::test {

/// Files are called a, b, c in messages.
inline ConfigReading read(const std::vector<std::string>& texts) {
    std::vector<ConfigSource> sources;
    for (const std::string& text : texts)
        sources.push_back({std::string(1, static_cast<char>('a' + sources.size())), text});
    return read_config(sources);
}

inline std::string faults_of(const ConfigReading& reading) {
    std::string text;
    for (const ConfigFault& fault : reading.faults)
        text += to_text(fault) + "\n";
    return text;
}

/// All but the units.
inline void check_same_settings(const Config& a, const Config& b) {
    CHECK(a.protected_units == b.protected_units);
    CHECK(a.stop.budget == b.stop.budget);
    CHECK(a.stop.category == b.stop.category);
    CHECK(a.stop.grace == b.stop.grace);
    CHECK(a.latch.path == b.latch.path);
    CHECK(a.latch.file_removal == b.latch.file_removal);
    CHECK(a.interlock == b.interlock);
    CHECK(a.on_daemon_failure == b.on_daemon_failure);
    CHECK(a.reset.four_eyes == b.reset.four_eyes);
    CHECK(a.reset.expiry == b.reset.expiry);
    CHECK(a.config_hash.maintenance == b.config_hash.maintenance);
    CHECK(a.config_hash.directory == b.config_hash.directory);
    CHECK(a.config_hash.files == b.config_hash.files);
    CHECK(a.ledger.git_repository == b.ledger.git_repository);
    CHECK(a.drill.max_age == b.drill.max_age);
    CHECK(a.metrics.textfile == b.metrics.textfile);
    CHECK(a.control.read == b.control.read);
    CHECK(a.control.groups == b.control.groups);
    CHECK(a.control.users == b.control.users);
    CHECK(a.fleet == b.fleet);
}

struct FaultRow {
    std::string text;  ///< behind a first line with a valid allow-list
    std::string fault;
};

}  // namespace ess::test

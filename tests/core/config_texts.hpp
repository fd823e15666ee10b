#pragma once

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

struct FaultRow {
    std::string text;  ///< behind a first line with a valid allow-list
    std::string fault;
};

}  // namespace ess::test

#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "core/check_facts.hpp"

namespace ess {

/// One thing that a person should know before there is an emergency. packaging/docs/CHECK.md has all codes.
struct Finding {
    enum class Severity {
        Error,    ///< a stop might fail, or something would start while tripped
        Warning,  ///< the stop would work, but a promise around it would not hold, or soon not
        Note,     ///< as it should be, and worth knowing
    };
    std::string code;  ///< stable, for programs: "guard-missing"
    Severity severity = Severity::Error;
    std::string subject;  ///< the unit, file or part that it is about
    std::string text;     ///< what is wrong, without the subject
    std::string remedy;   ///< a command, or what to change; empty: nothing needs to be done
};

struct CheckReport {
    std::vector<Finding> findings;  ///< errors first, then warnings, then notes
    Json units = Json::array();     ///< the facts of each allowed unit, as the interface declares them
    bool tripped = false;
    std::string systemd;  ///< its version

    [[nodiscard]] bool ok() const;
};

/// Would the stop work?
[[nodiscard]] CheckReport check(const CheckFacts& facts);

/// The reply of io.quantum.EmergencyStop.Check. `looked_by` is "essd" or "essctl".
[[nodiscard]] Json to_json(const CheckReport& report, const std::string& looked_by);

}  // namespace ess

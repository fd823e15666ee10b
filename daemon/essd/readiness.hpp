#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/config.hpp"
#include "core/status.hpp"
#include "core/unit_relations.hpp"
#include "core/unit_state.hpp"

namespace ess::essd {

/// The faults that are there now, and the file that says "armed" to the guard. Everything starts as a fault: nothing
/// may look armed that has not been rehearsed.
class Readiness {
  public:
    explicit Readiness(const Config& config);

    void raise(const std::string& code, Fault::Severity severity, const std::string& text);
    void clear(const std::string& code);

    /// Looks whether the generator's drop-ins are there (in /run, a tmpfs), and what systemd says of the units.
    void check_guard();
    void check_units(const UnitStates& states);

    /// Looks for units that the guard's conditions cannot protect.
    void check_relations(const std::map<std::string, UnitRelations>& relations);

    [[nodiscard]] std::vector<Fault> faults() const;
    [[nodiscard]] bool has_error() const;
    /// The units and patterns whose guard is in place.
    [[nodiscard]] const std::vector<std::string>& guarded_rules() const { return guarded_; }

    /// Makes or removes the armed file. Returns whether that changed.
    bool show_armed(bool armed);
    [[nodiscard]] bool armed() const { return armed_; }

  private:
    const Config& config_;
    std::map<std::string, Fault> faults_;
    std::vector<std::string> guarded_;
    bool armed_ = false;
};

}  // namespace ess::essd

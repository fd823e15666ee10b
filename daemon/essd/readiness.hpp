#pragma once

#include <map>
#include <set>
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
    /// Whether the guard of one of its rules is in place.
    [[nodiscard]] bool is_guarded(const std::string& unit) const;

    /// Makes or removes the armed file. Returns whether that changed.
    bool show_armed(bool armed);
    [[nodiscard]] bool armed() const { return armed_; }

  private:
    const Config& config_;
    std::map<std::string, Fault> faults_;
    std::set<std::string> guarded_;  ///< rules that name one unit; each is looked up for each unit of a status
    std::vector<std::string> guarded_patterns_;
    bool armed_ = false;
};

}  // namespace ess::essd

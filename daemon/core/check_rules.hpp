#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/check.hpp"

// The rules of a check, for core/check.cpp: each looks at facts and adds what it finds.

namespace ess {

class Findings {
  public:
    void error(std::string code, std::string subject, std::string text, std::string remedy) {
        add(Finding::Severity::Error, std::move(code), std::move(subject), std::move(text), std::move(remedy));
    }
    void warning(std::string code, std::string subject, std::string text, std::string remedy) {
        add(Finding::Severity::Warning, std::move(code), std::move(subject), std::move(text), std::move(remedy));
    }
    void note(std::string code, std::string subject, std::string text, std::string remedy) {
        add(Finding::Severity::Note, std::move(code), std::move(subject), std::move(text), std::move(remedy));
    }
    void add(Finding::Severity severity, std::string code, std::string subject, std::string text, std::string remedy) {
        list_.push_back({std::move(code), severity, std::move(subject), std::move(text), std::move(remedy)});
    }
    [[nodiscard]] std::vector<Finding>& list() { return list_; }

  private:
    std::vector<Finding> list_;
};

/// What the rules ask of the whole: the configuration that counts, and who is allowed.
class CheckContext {
  public:
    explicit CheckContext(const CheckFacts& given);

    const CheckFacts& facts;
    const Config& config;
    bool tripped = false;

    /// The rule that covers a unit; nothing if it is not allowed.
    [[nodiscard]] const UnitRule* rule_of(const std::string& unit) const;
    /// The units that a trip would stop, as far as they are known: those named, and what patterns find.
    [[nodiscard]] const std::vector<std::string>& allowed() const { return allowed_; }
    [[nodiscard]] const UnitFacts* unit(const std::string& name) const;
    /// The units beside the allow-list that systemd stops along with this one, directly or through others.
    [[nodiscard]] std::set<std::string> pulled_down(const std::string& unit) const;
    /// Whether the guard is in the unit as systemd has it loaded, not only in a file.
    [[nodiscard]] bool has_guard(const UnitFacts& unit) const;

  private:
    [[nodiscard]] std::vector<std::string> find_allowed() const;

    std::map<std::string, const UnitRule*> by_name_;
    std::vector<const UnitRule*> patterns_;
    std::vector<std::string> allowed_;
};

void check_essd(const CheckContext& context, Findings& findings);
void check_configuration(const CheckContext& context, Findings& findings);
void check_latch(const CheckContext& context, Findings& findings);
void check_host(const CheckContext& context, Findings& findings);
void check_guard(const CheckContext& context, Findings& findings);
void check_units(const CheckContext& context, Findings& findings);

/// The facts of one allowed unit, as the interface declares them.
[[nodiscard]] Json unit_facts_json(const CheckContext& context, const std::string& unit);

}  // namespace ess

// What a check finds about the guard: the generator, its files, and what systemd has loaded of them.

#include "core/check_rules.hpp"
#include "core/guard.hpp"

namespace ess {

namespace {

constexpr const char* reload = "systemctl daemon-reload";

void check_generator(const GeneratorFacts& generator, Findings& findings) {
    using Kind = GeneratorFacts::Kind;
    constexpr const char* lost = "the next daemon-reload or boot would take away the guard and make no masks";
    switch (generator.kind) {
        case Kind::Installed:
            return;
        case Kind::Missing:
            return findings.error("generator", generator.path, std::string("is not there: ") + lost,
                                  "install quantum-ess again, then: systemctl daemon-reload");
        case Kind::NotExecutable:
            return findings.error("generator", generator.path, std::string("cannot be run: ") + lost,
                                  "chmod 755 " + generator.path + " && systemctl daemon-reload");
        case Kind::Overridden:
            return findings.error("generator", generator.path,
                                  std::string("is run in place of quantum-ess's own generator: ") + lost,
                                  "rm " + generator.path + " && systemctl daemon-reload");
    }
}

/// Whether the rule's file says what the configuration asks for.
bool check_file(const CheckContext& context, const std::string& rule, Findings& findings) {
    const auto& files = context.facts.host->dropins;
    const auto found = files.find(rule);
    if (found == files.end()) {
        findings.error("guard-missing", rule, "no guard: it could start while tripped", reload);
    } else if (found->second != guard_dropin(context.config, rule)) {
        findings.error("guard-stale", rule, "guard made from another configuration than there is now", reload);
    } else {
        return true;
    }
    return false;
}

/// A drop-in that sorts behind the guard's can empty its conditions.
void check_loaded(const CheckContext& context, const UnitFacts& unit, Findings& findings) {
    if (unit.state.load != "loaded" || context.has_guard(unit)) return;
    bool read = false;
    std::string behind;
    for (const std::string& dropin : unit.dropins) {
        if (read) behind = dropin;
        read = read || dropin.ends_with("/" + std::string(guard_file_name));
    }
    if (read && !behind.empty()) {
        return findings.error("guard-not-loaded", unit.name,
                              "guard undone by a drop-in that comes behind it: it could start while tripped",
                              "take Assert*= and ExecCondition= out of " + behind + ", then: systemctl daemon-reload");
    }
    findings.error("guard-not-loaded", unit.name, "systemd has not read the guard yet: it could start while tripped",
                   reload);
}

}  // namespace

void check_guard(const CheckContext& context, Findings& findings) {
    if (!context.facts.host) return;
    check_generator(context.facts.host->generator, findings);
    std::set<std::string> told;
    for (const UnitRule& rule : context.config.units) {
        if (!check_file(context, rule.name, findings)) told.insert(rule.name);
    }
    for (const std::string& name : context.allowed()) {
        const UnitFacts* const unit = context.unit(name);
        if (unit != nullptr && !told.contains(context.rule_of(name)->name)) check_loaded(context, *unit, findings);
    }
}

}  // namespace ess

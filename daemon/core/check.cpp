#include "core/check.hpp"

#include <algorithm>

#include "core/check_rules.hpp"
#include "core/paths.hpp"
#include "core/unit_name.hpp"

namespace ess {

namespace {

std::string to_text(Finding::Severity severity) {
    switch (severity) {
        case Finding::Severity::Error:
            return "error";
        case Finding::Severity::Warning:
            return "warning";
        case Finding::Severity::Note:
            break;
    }
    return "note";
}

Json to_json(const Finding& finding) {
    return {{"code", finding.code},
            {"severity", to_text(finding.severity)},
            {"subject", finding.subject},
            {"text", finding.text},
            {"remedy", finding.remedy}};
}

const Config& config_of(const CheckFacts& facts) {
    static const Config none;
    const bool files_count = facts.host && (facts.host->config_faults.empty() || !facts.running);
    if (files_count) return facts.host->config;
    return facts.running ? *facts.running : none;
}

bool contains(const std::vector<std::string>& words, const std::string& word) {
    return std::ranges::find(words, word) != words.end();
}

/// What essd itself complains of, unless a rule has said the same by the same code.
void add_faults(const CheckFacts& facts, Findings& findings) {
    for (const Fault& fault : facts.faults) {
        const bool said = std::ranges::any_of(findings.list(), [&](const Finding& f) { return f.code == fault.code; });
        if (said) continue;
        const bool error = fault.severity == Fault::Severity::Error;
        findings.add(error ? Finding::Severity::Error : Finding::Severity::Warning, fault.code, "essd", fault.text,
                     "journalctl -u essd.service");
    }
}

}  // namespace

CheckContext::CheckContext(const CheckFacts& given)
    : facts(given), config(config_of(given)), tripped(given.host && (given.host->latch || given.host->copy)) {
    for (const UnitRule& rule : config.units) {
        if (is_pattern(rule.name)) {
            patterns_.push_back(&rule);
        } else {
            by_name_[rule.name] = &rule;
        }
    }
    allowed_ = find_allowed();
}

const UnitRule* CheckContext::rule_of(const std::string& unit) const {
    if (const auto named = by_name_.find(unit); named != by_name_.end()) return named->second;
    const auto covers = [&](const UnitRule* rule) { return matches(rule->name, unit); };
    const auto found = std::ranges::find_if(patterns_, covers);
    return found != patterns_.end() ? *found : nullptr;
}

std::vector<std::string> CheckContext::find_allowed() const {
    std::vector<std::string> names;
    std::set<std::string> seen;
    const auto add = [&](const std::string& name) {
        if (seen.insert(name).second) names.push_back(name);
    };
    for (const UnitRule& rule : config.units) {
        if (!is_pattern(rule.name)) {
            add(rule.name);
        } else if (const auto found = facts.systemd.found.find(rule.name); found != facts.systemd.found.end()) {
            for (const std::string& name : found->second) {
                if (matches(rule.name, name)) add(name);
            }
        }
    }
    return names;
}

const UnitFacts* CheckContext::unit(const std::string& name) const {
    const auto found = facts.systemd.units.find(name);
    return found != facts.systemd.units.end() ? &found->second : nullptr;
}

std::set<std::string> CheckContext::pulled_down(const std::string& unit_name) const {
    std::set<std::string> seen{unit_name};
    std::vector<std::string> open{unit_name};
    while (!open.empty()) {
        const UnitFacts* const known = unit(open.back());
        open.pop_back();
        if (known == nullptr) continue;
        for (const std::string& next : known->relations.pulls_down) {
            if (seen.insert(next).second) open.push_back(next);
        }
    }
    std::erase_if(seen, [&](const std::string& name) { return rule_of(name) != nullptr; });
    return seen;
}

bool CheckContext::has_guard(const UnitFacts& unit) const {
    const bool service = unit.name.ends_with(".service");
    for (const std::string& path : {config.latch.path, std::string(paths::latch_copy)}) {
        if (!contains(service ? unit.condition_words : unit.asserted_absent, path)) return false;
    }
    return !service || config.interlock == Interlock::None || contains(unit.condition_words, paths::armed);
}

bool CheckReport::ok() const {
    return std::ranges::none_of(findings, [](const Finding& f) { return f.severity == Finding::Severity::Error; });
}

CheckReport check(const CheckFacts& facts) {
    const CheckContext context(facts);
    Findings findings;
    check_essd(context, findings);
    check_configuration(context, findings);
    check_latch(context, findings);
    check_guard(context, findings);
    check_units(context, findings);
    check_host(context, findings);
    add_faults(facts, findings);
    std::ranges::stable_sort(findings.list(), {}, &Finding::severity);
    CheckReport report{std::move(findings.list()), Json::array(), context.tripped, facts.systemd.version};
    for (const std::string& unit : context.allowed())
        report.units.push_back(unit_facts_json(context, unit));
    return report;
}

Json to_json(const CheckReport& report, const std::string& looked_by) {
    Json findings = Json::array();
    for (const Finding& finding : report.findings)
        findings.push_back(to_json(finding));
    return {{"ok", report.ok()},     {"tripped", report.tripped}, {"findings", std::move(findings)},
            {"units", report.units}, {"systemd", report.systemd}, {"looked_by", looked_by},
            {"version", version()}};
}

}  // namespace ess

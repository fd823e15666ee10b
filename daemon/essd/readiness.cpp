#include "essd/readiness.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.hpp"
#include "base/text.hpp"
#include "core/guard.hpp"
#include "core/paths.hpp"
#include "core/unit_name.hpp"

namespace ess::essd {

namespace {

constexpr const char* early_directory = "/run/systemd/generator.early/";

bool is_there(const std::string& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0;
}

/// The units that a check blames, as the one fault of a code; none if there are none.
struct Blame {
    std::string code;
    Fault::Severity severity;
    std::string remedy;
    std::vector<std::string> units;
};

}  // namespace

Readiness::Readiness(const Config& config) : config_(config) {
    // What an earlier essd left behind says nothing about this one.
    static_cast<void>(::unlink(paths::armed));
    raise("starting", Fault::Severity::Error, "essd has not finished its rehearsal yet");
}

void Readiness::raise(const std::string& code, Fault::Severity severity, const std::string& text) {
    faults_[code] = Fault{code, severity, text};
}

void Readiness::clear(const std::string& code) {
    faults_.erase(code);
}

void Readiness::check_guard() {
    guarded_.clear();
    guarded_patterns_.clear();
    std::vector<std::string> missing;
    for (const UnitRule& rule : config_.units) {
        const std::string path = early_directory + dropin_directory(rule.name) + "/" + std::string(guard_file_name);
        if (!is_there(path)) {
            missing.push_back(rule.name);
        } else if (is_pattern(rule.name)) {
            guarded_patterns_.push_back(rule.name);
        } else {
            guarded_.insert(rule.name);
        }
    }
    if (missing.empty()) return clear("guard-missing");
    raise("guard-missing", Fault::Severity::Error,
          "no guard for " + join(missing, ", ") + ": run 'systemctl daemon-reload'");
}

bool Readiness::is_guarded(const std::string& unit) const {
    return guarded_.contains(unit) ||
           std::ranges::any_of(guarded_patterns_, [&](const std::string& rule) { return matches(rule, unit); });
}

void Readiness::check_units(const UnitStates& states) {
    std::vector<Blame> blames{
        {"unit-missing", Fault::Severity::Warning, "not installed; a misspelt name would not be stopped", {}},
        {"unit-broken", Fault::Severity::Error, "cannot be loaded by systemd; see 'systemctl status'", {}}};
    for (const auto& [name, state] : states) {
        if (state.load == "not-found") blames[0].units.push_back(name);
        if (state.load == "error" || state.load == "bad-setting") blames[1].units.push_back(name);
    }
    for (const Blame& blame : blames) {
        if (blame.units.empty()) {
            clear(blame.code);
        } else {
            raise(blame.code, blame.severity, join(blame.units, ", ") + ": " + blame.remedy);
        }
    }
}

void Readiness::check_relations(const std::map<std::string, UnitRelations>& relations) {
    std::vector<std::string> jailed;
    for (const auto& [name, related] : relations) {
        if (related.jailed) jailed.push_back(name);
    }
    if (jailed.empty()) return clear("unit-jailed");
    raise("unit-jailed", Fault::Severity::Error,
          "the guard cannot see the latch in the root of " + join(jailed, ", ") +
              ": add RootDirectoryStartOnly=yes to the unit");
}

std::vector<Fault> Readiness::faults() const {
    std::vector<Fault> faults;
    for (const auto& [code, fault] : faults_)
        faults.push_back(fault);
    return faults;
}

bool Readiness::has_error() const {
    return std::ranges::any_of(faults_,
                               [](const auto& entry) { return entry.second.severity == Fault::Severity::Error; });
}

bool Readiness::show_armed(bool armed) {
    if (armed == armed_) return false;
    if (!armed) {
        if (auto removed = remove_file(paths::armed, Durability::Volatile); !removed) {
            raise("armed-file", Fault::Severity::Warning, removed.error().text);
        }
    } else if (auto made = replace_file(paths::armed, "", 0644, Durability::Volatile); !made) {
        raise("armed-file", Fault::Severity::Error, made.error().text + ": trading units cannot start");
        return false;
    }
    armed_ = armed;
    return true;
}

}  // namespace ess::essd

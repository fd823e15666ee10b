#include "host/unit_inspection.hpp"

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

#include "core/unit_name.hpp"
#include "host/process_facts.hpp"

namespace ess::host {

namespace {

/// Of the stop itself.
constexpr const char* essd_unit = "essd.service";
constexpr const char* other_own_units[] = {"essd.socket", "quantum-ess.path"};
/// So many answers that say no: the others would too.
constexpr std::size_t failures_enough = 3;

}  // namespace

/// Answers hold it weakly: one that comes after the end finds nobody.
struct UnitInspection::State : std::enable_shared_from_this<State> {
    using Question = std::function<void()>;

    State(EventLoop& loop, UnitControl& control, Done finished) : units(control), done(std::move(finished)) {
        deadline = loop.add_timer(Priority::Client, [this] { end("no answer in time"); });
        // Nobody is called back from within a constructor, however fast systemd answers.
        first = loop.add_defer(Priority::Client, [this] { go_on(); });
    }

    void ask(const std::vector<UnitRule>& rules) {
        questions.emplace_back([this] { read_version(); });
        for (const UnitRule& rule : rules) {
            if (!is_pattern(rule.name)) {
                want(rule.name, true);
                continue;
            }
            facts.found[rule.name];
            questions.emplace_back([this, name = rule.name] { units.find_loaded(name, answer_to(name)); });
            questions.emplace_back([this, name = rule.name] { units.find_installed(name, answer_to(name)); });
        }
        want(essd_unit, false);
        for (const char* const name : other_own_units)
            want(name, false);
    }

    /// `follow`: what it would pull down is wanted too.
    void want(const std::string& unit, bool follow) {
        if (!wanted.insert(unit).second) return;
        if (wanted.size() > unit_limit) {
            facts.trouble = "there are more than " + std::to_string(unit_limit) + " units";
            return;
        }
        questions.emplace_back([this, unit, follow] { read(unit, follow); });
    }

    void read_version() {
        units.read_version([weak = weak_from_this()](const Result<std::string>& version) {
            const auto self = weak.lock();
            if (!self) return;
            if (version) self->facts.version = *version;
            self->answered(version ? std::string() : version.error().text);
        });
    }

    /// The names that a pattern covers. Of a template only its instances can be read.
    UnitControl::NamesDone answer_to(const std::string& rule) {
        return [weak = weak_from_this(), rule](const Result<std::vector<std::string>>& names) {
            const auto self = weak.lock();
            if (!self) return;
            std::vector<std::string>& found = self->facts.found[rule];
            for (const std::string& name : names.value_or(std::vector<std::string>{})) {
                if (std::ranges::find(found, name) != found.end()) continue;
                const bool is_template = name.find("@.") != std::string::npos;
                if (!is_template && !matches(rule, name)) continue;
                found.push_back(name);
                if (!is_template) self->want(name, true);
            }
            self->answered(names ? std::string() : names.error().text);
        };
    }

    void read(const std::string& unit, bool follow) {
        units.read_facts(unit, [weak = weak_from_this(), unit, follow](const Result<UnitFacts>& read) {
            const auto self = weak.lock();
            if (!self) return;
            if (read) self->keep(unit, *read, follow);
            self->answered(read ? std::string() : unit + ": " + read.error().text);
        });
    }

    void keep(const std::string& unit, UnitFacts read, bool follow) {
        read.name = unit;  // an alias answers with the unit's own
        read.fate = signal_fate(read.main_pid, read.kill_signal);
        if (unit == essd_unit) facts.essd_process = essd_process(read.main_pid);
        if (follow) {
            for (const std::string& other : read.relations.pulls_down)
                want(other, true);
        }
        facts.units[unit] = std::move(read);
    }

    void answered(const std::string& trouble) {
        --open;
        if (!trouble.empty()) {
            if (facts.trouble.empty()) facts.trouble = trouble;
            if (++failures >= failures_enough) questions.clear();
        }
        go_on();
    }

    /// A question that fails at once calls back from within: no recursion then.
    void go_on() {
        if (std::exchange(going_on, true)) return;
        while (open < questions_at_once && !questions.empty()) {
            const Question question = std::move(questions.front());
            questions.pop_front();
            ++open;
            question();
        }
        going_on = false;
        if (open == 0) end("");
    }

    void end(const std::string& trouble) {
        if (!done) return;
        deadline.set_enabled(false);
        questions.clear();
        if (facts.trouble.empty()) facts.trouble = trouble;
        // Whoever is called may end this.
        const auto alive = shared_from_this();
        std::exchange(done, nullptr)(std::move(facts));
    }

    UnitControl& units;
    Done done;
    SystemdFacts facts;
    Source deadline;
    Source first;
    std::deque<Question> questions;
    std::set<std::string> wanted;
    std::size_t open = 0;
    std::size_t failures = 0;
    bool going_on = false;
};

UnitInspection::UnitInspection(EventLoop& loop, UnitControl& units, const std::vector<UnitRule>& rules, Micros patience,
                               Done done)
    : state_(std::make_shared<State>(loop, units, std::move(done))) {
    state_->deadline.arm(monotonic_now() + patience);
    state_->ask(rules);
}

UnitInspection::~UnitInspection() {
    state_->done = nullptr;
    state_->questions.clear();
}

}  // namespace ess::host

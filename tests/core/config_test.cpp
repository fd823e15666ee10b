#include "core/config.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "core/config_texts.hpp"

using namespace ess;
using namespace ess::test;
using namespace std::chrono_literals;

namespace {

std::string shipped_text() {
    const auto text = read_file(ESS_SOURCE_DIR "/etc/ess.yaml", 65536);
    REQUIRE(text.has_value());
    return *text;
}

/// Takes the "#" off every line that shows a setting: prose begins with "# " and a letter, a setting without the space
/// or with two.
std::string with_settings_active(const std::string& text) {
    std::string active;
    bool line_start = true;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::string_view next = std::string_view(text).substr(i + 1, 2);
        const bool prose = next.empty() || next[0] == '\n' || (next[0] == ' ' && !next.ends_with(' '));
        if (!(line_start && text[i] == '#' && !prose)) active += text[i];
        line_start = text[i] == '\n';
    }
    return active;
}

const std::string no_map = "must be a map of settings, not ";
const std::vector<FaultRow> fault_rows{
    // keys
    {"stp: 1", "a:2:1: unknown key \"stp\": did you mean \"stop\"?"},
    {"stop: {budgets: 1s}", "a:2:8: stop: unknown key \"budgets\": did you mean \"budget\"?"},
    {"latch: {x: 1}", "a:2:9: latch: unknown key \"x\": known are path, file_removal"},
    {"stop: {budget: 2s}\nstop: {}", "a:3:1: the key \"stop\" is already given in line 2"},
    // forms
    {"stop: 2s", "a:2:7: stop: " + no_map + "a single value"},
    {"stop: [2s]", "a:2:7: stop: " + no_map + "a list"},
    {"stop: {budget: [2s]}", "a:2:16: stop.budget: must be a duration such as 250ms, not a list"},
    {"stop: {budget: {}}", "a:2:16: stop.budget: must be a duration such as 250ms, not a map"},
    {"stop: {budget: }", "a:2:16: stop.budget: has no value: write a duration such as 250ms, or leave the line out"},
    {"protected: x", "a:2:12: protected: must be a list of units, not a single value"},
    {"protected: [[x]]", "a:2:13: protected: must be a list of single values, not a list"},
    {"interlock: [start]", "a:2:12: interlock: must be start or none, not a list"},
    {"config_hash: {files: a}", "a:2:22: config_hash.files: must be a list of files, not a single value"},
    // the subset
    {"stop: &x {}", "a:2:7: anchors (&name) are not allowed"},
    {"stop: {budget: *x}", "a:2:16: aliases (*name) are not allowed: write the value out"},
    {"stop: {budget: !!str 2s}", "a:2:16: tags (!name) are not allowed"},
    // durations
    {"stop: {budget: 2}", "a:2:16: stop.budget: \"2\" is not a duration: write 250ms, 2s or 1min 30s"},
    {"stop: {grace: -1s}", "a:2:15: stop.grace: \"-1s\" is not a duration: write 250ms, 2s or 1min 30s"},
    {"stop: {budget: 2001ms}", "a:2:16: stop.budget: 2s 1ms is too long: an emergency stop is over within 2s"},
    {"stop: {budget: 99ms}", "a:2:16: stop.budget: 99ms is too short: a busy host needs 100ms for a stop"},
    {"stop: {grace: 1801ms}",
     "a:2:15: stop.grace: 1s 801ms does not fit in stop.budget, 2s, with the 200ms that the kernel's kill needs: "
     "at "
     "most 1s 800ms"},
    {"stop: {budget: 1s}",
     "a:2:16: stop.grace: 1s does not fit in stop.budget, 1s, with the 200ms that the kernel's kill needs: at most "
     "800ms"},
    {"stop: {budget: 150ms}",
     "a:2:16: stop.grace: 1s does not fit in stop.budget, 150ms, with the 200ms that the kernel's kill needs: use "
     "category 0"},
    // words
    {"stop: {category: 2}", "a:2:18: stop.category: \"2\" is not known: write 0 (immediate) or 1 (controlled)"},
    {"latch: {file_removal: relach}", "a:2:23: latch.file_removal: \"relach\" is not known: write relatch or reset"},
    {"interlock: off", "a:2:12: interlock: \"off\" is not known: write start or none"},
    {"reset: {four_eyes: no}", "a:2:20: reset.four_eyes: \"no\" is not known: write false or true"},
    {"on_daemon_failure: page", "a:2:20: on_daemon_failure: \"page\" is not known: write alert or trip"},
    // paths
    {"latch: {path: run/x}", "a:2:15: latch.path: \"run/x\" must be an absolute path"},
    {"latch: {path: /run/../x}",
     "a:2:15: latch.path: \"/run/../x\" must be without \"..\", \".\", \"//\" and a \"/\" at its end"},
    {"latch: {path: /run/x/}",
     "a:2:15: latch.path: \"/run/x/\" must be without \"..\", \".\", \"//\" and a \"/\" at its end"},
    {"latch: {path: /}", "a:2:15: latch.path: \"/\" must be without \"..\", \".\", \"//\" and a \"/\" at its end"},
    {"latch: {path: \"/run/x%n\"}", "a:2:15: latch.path: \"/run/x%n\" may only have letters, digits and / . _ - + @"},
    {"latch: {path: /tmp/STOP}",
     "a:2:15: latch.path: \"/tmp/STOP\" is where essd.service has a directory of its own: essd and others would not "
     "see the same"},
    {"latch: {path: /home/ops/STOP}", "a:2:15: latch.path: \"/home/ops/STOP\" is where essd.service may not write"},
    {"metrics: {textfile: /var/tmp/a.prom}",
     "a:2:21: metrics.textfile: \"/var/tmp/a.prom\" is where essd.service has a directory of its own: essd and others "
     "would not see the same"},
    {"latch: {path: \"\"}", "a:2:15: latch.path: \"\" must be an absolute path"},
    {"config_hash: {directory: etc}", "a:2:26: config_hash.directory: \"etc\" must be an absolute path"},
    {"config_hash: {files: []}", "a:2:22: config_hash.files: is empty: name a file, or leave it out"},
    {"config_hash: {files: [/a]}", "a:2:23: config_hash.files: \"/a\" must be relative to config_hash.directory"},
    {"config_hash: {files: [a/../../b]}",
     "a:2:23: config_hash.files: \"a/../../b\" must be a file name, without \"..\", \".\", \"//\" and a \"/\" at "
     "its "
     "end"},
    {"config_hash: {files: [\"a\\nb\"]}", "a:2:23: config_hash.files: \"a b\" has characters that cannot be shown"},
    {"config_hash: {files: [a, b, a]}", "a:2:29: config_hash.files: \"a\" is already in line 2"},
    {"ledger: {git_repository: x}", "a:2:26: ledger.git_repository: \"x\" must be an absolute path"},
    // protected
    {"protected: [b, b.service]", "a:2:16: protected: \"b.service\" is already in line 2"},
    {"protected: [\"b b\"]",
     "a:2:13: protected: \"b b.service\" is neither the name of a unit nor a pattern for such names"},
    {"protected: [b@]", "a:2:13: protected: \"b@.service\" is a template: write \"name@*.service\""},
    {"protected: [x]", "a:1:9: units: \"x.service\" is protected by \"x.service\" of the list \"protected\""},
    {"protected: [\"x*\"]", "a:1:9: units: \"x.service\" is protected by \"x*.service\" of the list \"protected\""},
    {"metrics: {textfile: x.prom}", "a:2:21: metrics.textfile: \"x.prom\" must be an absolute path"},
    {"metrics: {textfile: /x.txt}",
     "a:2:21: metrics.textfile: \"/x.txt\" must be NAME.prom: the collector reads no other files"},
    {"metrics: {textfile: /a/.prom}",
     "a:2:21: metrics.textfile: \"/a/.prom\" must be NAME.prom: the collector reads no other files"},
    {"reset: {four_eyes: true}\nlatch: {file_removal: reset}",
     "a:2:20: reset.four_eyes: true needs latch.file_removal: relatch, since removing the file would be a reset "
     "without a second person"},
    {"reset: {expiry: 5s}", "a:2:17: reset.expiry: 5s is not between 30s and 1d"},
    {"config_hash: {maintenance: [daily]}",
     "a:2:29: config_hash.maintenance: must be a map {start, duration}, not a single value"},
    {"config_hash: {maintenance: [{start: daily}]}",
     "a:2:29: config_hash.maintenance: needs a start and a duration of at most 7d, as in {start: \"Sat *-*-* 02:00\", "
     "duration: 2h}"},
    {"config_hash: {maintenance: [{start: daily, duration: 8d}]}",
     "a:2:29: config_hash.maintenance: needs a start and a duration of at most 7d, as in {start: \"Sat *-*-* 02:00\", "
     "duration: 2h}"},
    {"drill: {max_age: 30s}", "a:2:18: drill.max_age: 30s is not between 1min and 366d"},
    {"drill: {max_age: 367d}", "a:2:18: drill.max_age: 367d is not between 1min and 366d"},
    // syntax
    {"stop: [", "a:3:1: did not find expected node content (while parsing a flow node)"},
};

}  // namespace

TEST_CASE("config: the least one, and its defaults") {
    const ConfigReading reading = read({"units: [quantum-governor]\n"});
    CHECK(faults_of(reading) == "");
    const std::vector<UnitRule> expected{{"quantum-governor.service", StopCategory::Controlled, 1s}};
    CHECK(reading.config.units == expected);
    check_same_settings(reading.config, Config{});
}

TEST_CASE("config: every setting") {
    const ConfigReading reading = read({
        "units:\n"
        "  - quantum-ai-engine\n"
        "  - quantum-feed.socket\n"
        "  - name: quantum-execution\n"
        "    category: 1\n"
        "    grace: 800ms\n"
        "  - {name: quantum-strategy@*.service, category: \"0\"}\n"
        "  - quantum-strategy-*\n"
        "protected: [grafana-server, risk*, mon.*]\n"
        "stop: {budget: 1s 500ms, category: 1, grace: 600ms}\n"
        "latch: {path: /run/other/LATCH, file_removal: relatch}\n"
        "interlock: none\n"
        "on_daemon_failure: alert\n"
        "reset: {four_eyes: true, expiry: 5min}\n"
        "config_hash: {directory: /srv/quantum, files: [a.yaml, sub/b.yaml], maintenance: [{start: daily, duration: "
        "1h}]}"
        "\n"
        "ledger: {git_repository: /srv/git}\n"
        "drill: {max_age: 1d 3h}\n"
        "metrics: {textfile: /srv/prometheus/quantum_ess.prom}\n"
        "control: {read: operators, groups: [desk, risk team], users: [alice, \"CORP\\\\bob\"]}\n",
    });
    CHECK(faults_of(reading) == "");
    const Config& config = reading.config;
    const std::vector<UnitRule> expected{
        {"quantum-ai-engine.service", StopCategory::Controlled, 600ms},
        {"quantum-feed.socket", StopCategory::Controlled, 600ms},
        {"quantum-execution.service", StopCategory::Controlled, 800ms},
        {"quantum-strategy@*.service", StopCategory::Immediate, 0ms},
        {"quantum-strategy-*.service", StopCategory::Controlled, 600ms},
    };
    CHECK(config.units == expected);
    CHECK(config.protected_units == std::vector<std::string>{"grafana-server.service", "risk*.service", "mon.*"});
    CHECK(config.stop.budget == 1500ms);
    CHECK(config.stop.grace == 600ms);
    CHECK(config.latch.path == "/run/other/LATCH");
    CHECK(config.reset.four_eyes);
    CHECK(config.reset.expiry == 5min);
    CHECK(config.config_hash.maintenance == std::vector<MaintenanceWindow>{{"daily", 1h}});
    CHECK(config.interlock == Interlock::None);
    CHECK(config.config_hash.directory == "/srv/quantum");
    CHECK(config.config_hash.files == std::vector<std::string>{"a.yaml", "sub/b.yaml"});
    CHECK(config.ledger.git_repository == "/srv/git");
    CHECK(config.control.read == ControlRead::Operators);
    CHECK(config.control.groups == std::vector<std::string>{"desk", "risk team"});
    CHECK(config.control.users == std::vector<std::string>{"alice", "CORP\\bob"});
    CHECK(config.drill.max_age == 27h);
    CHECK(config.metrics.textfile == "/srv/prometheus/quantum_ess.prom");
}

TEST_CASE("config: rules without a category or grace inherit them from stop, wherever that is") {
    const ConfigReading reading = read({
        "units: [x, {name: y, category: 1}, {name: z, category: 1, grace: 50ms}]\nstop: {grace: 300ms}\n",
        "stop: {category: 0}\n",
    });
    CHECK(faults_of(reading) == "");
    const std::vector<UnitRule> expected{
        {"x.service", StopCategory::Immediate, 0ms},
        {"y.service", StopCategory::Controlled, 300ms},
        {"z.service", StopCategory::Controlled, 50ms},
    };
    CHECK(reading.config.units == expected);
}

TEST_CASE("config: drop-ins add to lists, merge maps, and merge units by name") {
    const ConfigReading reading = read({
        "units: [x, {name: y, grace: 100ms}]\nprotected: [p]\nstop: {budget: 1s, grace: 500ms}\n",
        "units: [{name: x.service, category: 0}, z]\nprotected: [p, q]\nstop: {grace: 400ms}\n"
        "config_hash: {files: [more.yaml, policy.yaml]}\n",
        "units: [{name: y, grace: 200ms}, x]\n",
    });
    CHECK(faults_of(reading) == "");
    const std::vector<UnitRule> expected{
        {"x.service", StopCategory::Immediate, 0ms},
        {"y.service", StopCategory::Controlled, 200ms},
        {"z.service", StopCategory::Controlled, 400ms},
    };
    CHECK(reading.config.units == expected);
    CHECK(reading.config.protected_units == std::vector<std::string>{"p.service", "q.service"});
    CHECK(reading.config.stop.budget == 1s);
    const std::vector<std::string> files{"policy.yaml", "signals.yaml", "universe.yaml", "more.yaml"};
    CHECK(reading.config.config_hash.files == files);
}

TEST_CASE("config: the units may all be in drop-ins, and sections may be blank") {
    const ConfigReading reading = read({"stop:\nunits:\nprotected:\nlatch:\n", "units: [x]\n"});
    CHECK(faults_of(reading) == "");
    CHECK(reading.config.units.size() == 1);
}

TEST_CASE("config: /var/run is /run") {
    CHECK(read({"units: [x]\nlatch: {path: /var/run/quantum/ESS_ON}\n"}).config.latch.path == "/run/quantum/ESS_ON");
}

TEST_CASE("config: each fault, at its place") {
    for (const FaultRow& row : fault_rows) {
        CAPTURE(row.text);
        CHECK(faults_of(read({"units: [x]\n" + row.text + "\n"})) == row.fault + "\n");
    }
}

TEST_CASE("config: each fault of the allow-list, at its place") {
    struct Row {
        std::string units;
        std::string fault;
    };
    const std::string pattern_advice =
        " is not a pattern that the guard can cover: write all instances as \"name@*.service\", or a prefix that ends "
        "in "
        "a dash as \"name-*.service\"";
    const std::vector<Row> rows{
        {"", "a:1:7: units: the allow-list is empty: name what is to be stopped"},
        {"[]", "a:1:8: units: the allow-list is empty: name what is to be stopped"},
        {"x", "a:1:8: units: must be a list of units, not a single value"},
        {"{x: 1}", "a:1:8: units: must be a list of units, not a map"},
        {"[[x]]", "a:1:9: units: must be a list of names and of maps with a name, not a list"},
        {"[{category: 0}]", "a:1:9: units: a unit needs a name, as in {name: my-engine, category: 0}"},
        {"[{name: x, grac: 1s}]", "a:1:19: units: unknown key \"grac\": did you mean \"grace\"?"},
        {"[{name: [x]}]", "a:1:16: units.name: must be the name of a unit, not a list"},
        {"[{name: x, category: stop}]",
         "a:1:29: units.category: \"stop\" is not known: write 0 (immediate) or 1 (controlled)"},
        {"[{name: x, grace: 5}]", "a:1:26: units.grace: \"5\" is not a duration: write 250ms, 2s or 1min 30s"},
        {"[{name: x, category: 0, grace: 1s}]",
         "a:1:39: units: \"x.service\" is stopped by category 0, immediately (a:1): it can have no grace"},
        {"[{name: x, grace: 1900ms}]",
         "a:1:26: units: grace of \"x.service\": 1s 900ms does not fit in stop.budget, 2s, with the 200ms that the "
         "kernel's kill needs: at most 1s 800ms"},
        {"[x, y, x.service]", "a:1:15: units: \"x.service\" is already in line 1"},
        {"[x, \"\"]", "a:1:12: units: \".service\" is not a name that a unit can have"},
        {"[\"x y\"]", "a:1:9: units: \"x y.service\" is not a name that a unit can have"},
        {"[\"x\\u001by\"]", "a:1:9: units: \"xy.service\" is not a name that a unit can have"},
        {"[" + std::string(246, 'x') + "]", "a:1:9: units: \"" + std::string(77, 'x') + "…\" is longer than 253 bytes"},
        {"[x@]",
         "a:1:9: units: \"x@.service\" is a template, not a unit: write \"x@*.service\" for all of its instances"},
        {"[\"*\"]", "a:1:9: units: \"*.service\"" + pattern_advice},
        {"[x*]", "a:1:9: units: \"x*.service\"" + pattern_advice},
        {"[x-?]", "a:1:9: units: \"x-?.service\"" + pattern_advice},
        {"[x.target]", "a:1:9: units: \"x.target\": only service, socket, timer and path units can be stopped"},
        {"[x-*.slice]", "a:1:9: units: \"x-*.slice\": only service, socket, timer and path units can be stopped"},
        {"[essd]", "a:1:9: units: \"essd.service\" is protected by \"essd.*\" of the built-in list"},
        {"[quantum-*]",
         "a:1:9: units: \"quantum-*.service\" would stop units which are protected by \"quantum-ess.*\" of the "
         "built-in "
         "list"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.units);
        CHECK(faults_of(read({"units: " + row.units + "\n"})) == row.fault + "\n");
    }
    CHECK(faults_of(read({""})) == "a: units: the allow-list is empty: name what is to be stopped\n");
    CHECK(faults_of(read({"x"})) == "a:1:1: the file: must be a map of settings, not a single value\n");
    CHECK(faults_of(read({})) == "configuration: units: the allow-list is empty: name what is to be stopped\n");
}

TEST_CASE("config: faults of all files at once, in their order, each where it was caused") {
    const ConfigReading reading = read({
        "units: [x, {name: y, grace: 900ms}]\ninterlok: 1\n",
        "stop: {budget: 1s}\nprotected: [y]\nbar: [\n",
        "stop: {budget: 1s, grace: 850ms}\nprotected: [y]\nunits: [{name: x, category: 0, grace: 1ms}]\n",
    });
    CHECK(faults_of(reading) ==
          "a:1:19: units: \"y.service\" is protected by \"y.service\" of the list \"protected\"\n"
          "a:1:29: units: grace of \"y.service\": 900ms does not fit in stop.budget, 1s, with the 200ms that the "
          "kernel's "
          "kill needs: at most 800ms\n"
          "a:2:1: unknown key \"interlok\": did you mean \"interlock\"?\n"
          "b:4:1: did not find expected node content (while parsing a flow node)\n"
          "c:1:27: stop.grace: 850ms does not fit in stop.budget, 1s, with the 200ms that the kernel's kill needs: at "
          "most 800ms\n"
          "c:3:39: units: \"x.service\" is stopped by category 0, immediately (c:3): it can have no grace\n");
}

TEST_CASE("config: what is wrong with a whole file has no line") {
    const ConfigReading reading = read({"#" + std::string(std::size_t{1} << 20U, 'x')});
    CHECK(faults_of(reading) == "a: larger than 1048576 bytes\n");
}

TEST_CASE("config: an endless list of units or of faults ends") {
    std::string many = "units:\n";
    std::string wrong = "units: [x]\nprotected:\n";
    for (int i = 0; i < 5000; ++i) {
        many += "  - q" + std::to_string(i) + "\n";
        wrong += "  - '!'\n";
    }
    CHECK(faults_of(read({many})) == "a:4098:5: units: more than 4096 units\n");
    const ConfigReading reading = read({wrong});
    REQUIRE(reading.faults.size() == 201);
    CHECK(to_text(reading.faults.back()) == "a: 4800 more faults");
}

TEST_CASE("config: a latch file that is removed may count as a reset") {
    const ConfigReading reading = read({"units: [x]\nlatch: {file_removal: reset}\n"});
    CHECK(faults_of(reading) == "");
    CHECK(reading.config.latch.file_removal == FileRemoval::Reset);
}

TEST_CASE("config: the shipped file is right, and names the four services") {
    const ConfigReading reading = read({shipped_text()});
    CHECK(faults_of(reading) == "");
    const std::vector<UnitRule> expected{
        {"quantum-ai-engine.service", StopCategory::Controlled, 1s},
        {"quantum-execution.service", StopCategory::Controlled, 1s},
        {"quantum-apply-layer.service", StopCategory::Controlled, 1s},
        {"quantum-governor.service", StopCategory::Controlled, 1s},
    };
    CHECK(reading.config.units == expected);
    check_same_settings(reading.config, Config{});
}

TEST_CASE("config: the defaults that the shipped file shows are the defaults") {
    const std::string active = with_settings_active(shipped_text());
    for (const char* setting : {"\nprotected: ",      "\n  budget: ",
                                "\n  category: ",     "\n  grace: ",
                                "\n  path: ",         "\n  file_removal: ",
                                "\ninterlock: ",      "\non_daemon_failure: ",
                                "\n  four_eyes: ",    "\n  expiry: ",
                                "\n  directory: ",    "\n  files: ",
                                "\n  maintenance: ",  "\n  git_repository: ",
                                "\n  read: ",         "\n  groups: ",
                                "\n  users: ",        "\n  max_age: ",
                                "\n  textfile: ",     "\n  endpoints: ",
                                "\n  name: ",         "\n  host: ",
                                "\n  ca: ",           "\n  certificate: ",
                                "\n  key: ",          "\n  operator_certificate: ",
                                "\n  operator_key: ", "\n  loss_timeout: ",
                                "\n  on_loss: "}) {
        CAPTURE(setting);
        CHECK(active.find(setting) != std::string::npos);
    }
    const ConfigReading reading = read({active});
    CHECK(faults_of(reading) == "");
    CHECK(reading.config.units.size() == 4);
    check_same_settings(reading.config, Config{});
}

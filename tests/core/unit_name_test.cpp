#include "core/unit_name.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace ess;

TEST_CASE("unit name: what systemd takes") {
    for (const char* name : {"a.service", "quantum-governor.service", "a@b.service", "a@b@c.service", "-.slice",
                             "a:b_c\\x2d.d.socket", "x.timer", "x.path", "x.target", "x.scope", "a@.b.service"}) {
        CAPTURE(name);
        CHECK(is_unit_name(name));
    }
    for (const char* name : {"", "a", ".service", "a.", "a.servic", "a b.service", "a/b.service", "a@.service",
                             "@a.service", "@.service", "a*.service", "é.service", "a.service\n", "a.SERVICE"}) {
        CAPTURE(name);
        CHECK_FALSE(is_unit_name(name));
    }
    CHECK(is_unit_name(std::string(247, 'a') + ".service"));
    CHECK_FALSE(is_unit_name(std::string(248, 'a') + ".service"));
}

TEST_CASE("unit name: a name without a unit suffix is a service") {
    CHECK(with_suffix("redis-server") == "redis-server.service");
    CHECK(with_suffix("a.service") == "a.service");
    CHECK(with_suffix("a.timer") == "a.timer");
    CHECK(with_suffix("a.b") == "a.b.service");
    CHECK(with_suffix("quantum-strategy@*") == "quantum-strategy@*.service");
}

TEST_CASE("unit name: patterns that a drop-in directory covers") {
    struct Row {
        const char* pattern;
        const char* directory;
    };
    for (const Row& row : std::vector<Row>{
             {"strategy@*.service", "strategy@.service.d"},
             {"quantum-strategy-*.service", "quantum-strategy-.service.d"},
             {"quantum-strategy-*.timer", "quantum-strategy-.timer.d"},
             {"a-*.socket", "a-.socket.d"},
         }) {
        CAPTURE(row.pattern);
        CHECK(is_pattern(row.pattern));
        CHECK(is_supported_pattern(row.pattern));
        CHECK(dropin_directory(row.pattern) == row.directory);
    }
    for (const char* pattern : {"*", "*.service", "a*.service", "*-a.service", "-*.service", "@*.service",
                                "a-*-b.service", "a-?.service", "a-[b].service", "a@b-*.service", "a@b@*.service",
                                "a-**.service", "a-*", "a -*.service", "a@*b.service", "--*.service"}) {
        CAPTURE(pattern);
        CHECK(is_pattern(pattern));
        CHECK_FALSE(is_supported_pattern(pattern));
    }
    CHECK_FALSE(is_pattern("a.service"));
    CHECK_FALSE(is_supported_pattern("a.service"));
    CHECK(dropin_directory("a.service") == "a.service.d");
    CHECK(dropin_directory("a@b.service") == "a@b.service.d");
}

TEST_CASE("unit name: which units a rule covers") {
    struct Row {
        const char* rule;
        const char* name;
        bool covered;
    };
    for (const Row& row : std::vector<Row>{
             {"a.service", "a.service", true},
             {"a.service", "b.service", false},
             {"a.service", "a.socket", false},
             {"s@*.service", "s@x.service", true},
             {"s@*.service", "s@x@y.service", true},
             {"s@*.service", "s@.service", false},
             {"s@*.service", "s.service", false},
             {"s@*.service", "s@x.timer", false},
             {"s@*.service", "ss@x.service", false},
             {"q-*.service", "q-a.service", true},
             {"q-*.service", "q-a-b.service", true},
             {"q-*.service", "q-a@i.service", true},
             {"q-*.service", "q-.service", true},
             {"q-*.service", "q.service", false},
             {"q-*.service", "q@-a.service", false},
             {"q-*.service", "qq-a.service", false},
             {"q-*.service", "q-a.socket", false},
             {"*.service", "a.service", false},
         }) {
        CAPTURE(row.rule);
        CAPTURE(row.name);
        CHECK(matches(row.rule, row.name) == row.covered);
    }
}

TEST_CASE("unit name: what must stay up can never be covered") {
    const std::vector<std::string> none;
    for (const char* name :
         {"dbus.service", "dbus.socket", "dbus-broker.service", "dbus-org.freedesktop.login1.service",
          "systemd-journald.service", "systemd-journald.socket", "systemd-networkd.service",
          "systemd-tmpfiles-clean.timer", "ssh.service", "ssh.socket", "sshd.service", "sshd@0.service", "essd.service",
          "essd.socket", "quantum-ess.service", "quantum-ess.path", "quantum-ess-trip@x.service",
          "quantum-ess-drill.timer", "quantum-ess-canary.service", "init.scope", "-.slice", "user@0.service",
          "getty@tty1.service", "serial-getty@ttyS0.service", "NetworkManager.service", "multi-user.target",
          "grafana-server.service", "prometheus.service", "prometheus-node-exporter.service", "redis-server.service",
          "redis-server@a.service", "redis.service", "alertmanager.service", "prometheus-alertmanager.service",
          "loki.service",
          // Patterns that only could.
          "quantum-*.service", "quantum-ess-*.timer", "systemd-*.service", "user@*.service", "grafana-*.service",
          "redis-*.service", "prometheus-*.timer", "redis-server@*.service", "dbus-org-*.service"}) {
        CAPTURE(name);
        CHECK(protecting_entry(name, none) != "");
    }
    for (const char* name : {"quantum-ai-engine.service", "quantum-execution.service", "quantum-apply-layer.service",
                             "quantum-governor.service", "quantum-strategy@*.service", "quantum-strategy-*.service",
                             "quantum-essence.service", "quantum-e-*.service", "essd-like.service", "my-redis.service",
                             "users@1.service"}) {
        CAPTURE(name);
        CHECK(protecting_entry(name, none) == "");
    }
    CHECK(protecting_entry("quantum-*.service", none) == "quantum-ess.*");
}

TEST_CASE("unit name: the operators' own protected patterns are globs") {
    struct Row {
        const char* entry;
        const char* rule;
        bool covers;
    };
    for (const Row& row : std::vector<Row>{
             {"risk.service", "risk.service", true},
             {"risk.service", "risk-a.service", false},
             {"risk*.service", "risk-a.service", true},
             {"risk.*", "risk.timer", true},
             {"r?sk.service", "rask.service", true},
             {"r?sk.service", "rsk.service", false},
             {"r[a-c]sk.service", "rbsk.service", true},
             {"r[a-c]sk.service", "rdsk.service", false},
             {"r[!a-c]sk.service", "rdsk.service", true},
             {"r[^a-c]sk.service", "rbsk.service", false},
             {"r[]x]sk.service", "rxsk.service", true},
             {"r[sk.service", "rsk.service", false},
             {"*-feed.service", "q-a-*.service", true},
             {"*-feed.service", "q@*.service", true},
             {"*-feed.timer", "q-a-*.service", false},
             {"q-[xy]*.service", "q-a-*.service", false},
             {"q-?-live.service", "q-a-*.service", true},
             {"q@?.service", "q@*.service", true},
             {"q@.service", "q@*.service", false},
             {"*", "x.service", true},
             {"*a*a*a*a*a*a*a*a*a*a*b.timer", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.timer",
              false},
         }) {
        CAPTURE(row.entry);
        CAPTURE(row.rule);
        CHECK((protecting_entry(row.rule, {row.entry}) == row.entry) == row.covers);
    }
}

TEST_CASE("unit name: no built-in entry stands in the way of every pattern") {
    for (const std::string_view entry : built_in_protected()) {
        CAPTURE(std::string(entry));
        CHECK((!entry.starts_with('*') || entry == "*.target"));
    }
}

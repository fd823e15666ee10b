// essctl watch: with a daemon that comes and goes, hangs, or is older; and how it ends.
#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <sstream>
#include <string>

#include "program/sandbox.hpp"
#include "program/screens.hpp"
#include "program/scripted_essd.hpp"

using namespace ess;
using namespace ess::test;

namespace {

Process watch(std::vector<std::string> options = {}) {
    options.insert(options.begin(), {ESS_ESSCTL, "watch"});
    return Process(options);
}

bool comes_to_say(const Process& process, const std::string& text) {
    return eventually([&] { return process.out().find(text) != std::string::npos; });
}

std::vector<Json> lines_of(const std::string& text) {
    std::vector<Json> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        const auto json = parse_json(line);
        REQUIRE_MESSAGE(json, line);
        lines.push_back(*json);
    }
    return lines;
}

}  // namespace

TEST_CASE("essctl watch: it outlives essd") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    Process watching = watch();
    CHECK(comes_to_say(watching, "OUT OF REACH  essd is not running"));
    {
        Essd essd;
        CHECK(comes_to_say(watching, "NOT READY"));
        write_file(latch, "watched");
        CHECK(comes_to_say(watching, "the latch is set by root: watched"));
        CHECK(comes_to_say(watching, "  TRIPPED  "));
        essd.process.signal(SIGKILL);
        CHECK(essd.process.wait() == -SIGKILL);
    }
    CHECK_MESSAGE(
        comes_to_say(watching,
                     "OUT OF REACH  essd is not running; start it: systemctl start essd.service; the latch is set"),
        watching.out());
    const std::size_t before = watching.out().size();
    const Essd again;
    CHECK(eventually([&] { return watching.out().find("  TRIPPED  ", before) != std::string::npos; }));
    watching.signal(SIGINT);
    CHECK(watching.wait() == 0);
    CHECK(watching.err().empty());
}

TEST_CASE("essctl watch: an essd that hangs is not shown as it was") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    Essd essd;
    Process watching = watch();
    CHECK(comes_to_say(watching, "NOT READY"));
    essd.process.signal(SIGSTOP);
    CHECK(comes_to_say(watching, "OUT OF REACH  essd does not answer"));
    const std::size_t before = watching.out().size();
    essd.process.signal(SIGCONT);
    CHECK(eventually([&] { return watching.out().find("NOT READY", before) != std::string::npos; }));
}

TEST_CASE("essctl watch: an essd that lives and has nothing to say is left in peace") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const ScriptedEssd essd(status_fixture("armed"));
    // Longer than the silence after which it is asked whether it lives, and than it has for the answer.
    const Ended watched = essctl({"watch", "--timeout", "6s"});
    CHECK(watched.code == 0);
    CHECK(std::ranges::count(watched.out, '\n') == 1);
}

TEST_CASE("essctl watch: an essd that is older is asked") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    ScriptedEssd essd(status_fixture("armed"), ScriptedEssd::Age::BeforeWatch);
    Process watching = watch({"--json", "--until", "tripped", "--timeout", "1min"});
    CHECK(comes_to_say(watching, "armed"));
    essd.show(status_fixture("tripped"));
    CHECK(watching.wait() == 0);
    const auto lines = lines_of(watching.out());
    REQUIRE(lines.size() == 2);
    CHECK(lines[0] == status_fixture("armed"));
    CHECK(lines[1] == status_fixture("tripped"));
}

TEST_CASE("essctl watch: --json says when essd is away; --until and --timeout are for scripts") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Ended away = essctl({"watch", "--json", "--until", "armed", "--timeout", "300ms"});
    CHECK(away.code == 1);
    CHECK(away.err.find("not armed in time") != std::string::npos);
    const auto lines = lines_of(away.out);
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].at("state") == "unreachable");
    CHECK(essctl({"watch", "--timeout", "300ms"}).code == 0);
    CHECK(essctl({"watch", "--timeout", "3"}).code == 2);
    CHECK(essctl({"watch", "--until", "lunch"}).code == 2);
}

TEST_CASE("essctl watch: who may not is told so, and how to") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    ScriptedEssd essd(status_fixture("armed"));
    essd.refuse("Watch", "org.varlink.service.PermissionDenied", Json::object());
    const Ended watched = essctl({"watch", "--timeout", "1min"});
    CHECK(watched.code == 5);
    CHECK(watched.err.find("group quantum-ess") != std::string::npos);
}

TEST_CASE("essctl watch: it ends with its reader") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const ScriptedEssd essd(status_fixture("armed"));
    const Ended piped = run({"/bin/bash", "-c", std::string(ESS_ESSCTL) + " watch | head -n 1"});
    CHECK(piped.code == 0);
    CHECK(piped.out.find("ARMED") != std::string::npos);
}

TEST_CASE("essctl watch: on a terminal one screen is drawn again, and what was there comes back") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    ScriptedEssd essd(status_fixture("armed"));
    Process watching(Start{{ESS_ESSCTL, "watch"}, {}, {}, true, 80, 24});
    std::string seen;
    const auto sees = [&](const std::string& text) {
        return eventually([&] {
            seen += watching.out();
            return seen.find(text) != std::string::npos;
        });
    };
    CHECK(sees("ARMED"));
    CHECK(seen.find("\x1b[?1049h") != std::string::npos);
    essd.show(status_fixture("tripped"));
    CHECK(sees("TRIPPED"));
    watching.signal(SIGTERM);
    CHECK(watching.wait() == 0);
    CHECK(sees("\x1b[?1049l"));
    // The cursor is back, and the last picture stays.
    const std::size_t back = seen.find("\x1b[?25h");
    REQUIRE(back != std::string::npos);
    CHECK(seen.find("TRIPPED", back) != std::string::npos);
    const Ended dumb = run(Start{{ESS_ESSCTL, "watch", "--timeout", "200ms"}, {"TERM=dumb"}, {}, true, 80, 24});
    CHECK(dumb.out.find('\x1b') == std::string::npos);
}

#include "host/journal.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/file.hpp"
#include "scratch_directory.hpp"

namespace {

using namespace std::chrono_literals;
namespace journal = ess::host::journal;
using journal::Level;

/// Standard error goes to a file meanwhile, and the environment says that no journal listens.
class StderrInFile {
  public:
    StderrInFile() : kept_(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)) {
        const ess::Fd file(::open(path().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
        REQUIRE(::dup2(file.get(), STDERR_FILENO) == STDERR_FILENO);
        ::unsetenv("JOURNAL_STREAM");
    }
    ~StderrInFile() { ::dup2(kept_.get(), STDERR_FILENO); }
    StderrInFile(const StderrInFile&) = delete;
    StderrInFile& operator=(const StderrInFile&) = delete;

    [[nodiscard]] std::string text() const { return ess::read_file(path(), 1U << 24U).value_or("unreadable"); }

  private:
    [[nodiscard]] std::string path() const { return scratch_.file("stderr"); }

    ess::test::ScratchDirectory scratch_;
    ess::Fd kept_;
};

}  // namespace

TEST_CASE("a line and its fields travel in one piece") {
    const std::string payload = journal::join_payload(
        Level::Notice, "unit\n\x1f stopped", {{"UNIT", "x.service"}, {"NOTE", "two\nlines\x1f=end"}, {"EMPTY", ""}});
    const auto record = journal::split_payload(payload);
    CHECK(record.text == "unit stopped");
    CHECK(record.fields ==
          std::vector<std::string_view>{"PRIORITY=5", "UNIT=x.service", "NOTE=two\nlines=end", "EMPTY="});
}

TEST_CASE("a payload without fields, and an empty one") {
    CHECK(journal::split_payload("only text").text == "only text");
    CHECK(journal::split_payload("only text").fields.empty());
    CHECK(journal::split_payload("").text.empty());
    CHECK(journal::split_payload("").fields.empty());
}

TEST_CASE("text from outside becomes one line of bounded length") {
    const std::string payload = journal::join_payload(Level::Info, std::string(100000, 'x') + "\x1b[31m\nred", {});
    CHECK(journal::split_payload(payload).text.size() <= 2048);
    CHECK(payload.find('\x1b') == std::string::npos);
    CHECK(payload.find('\n') == std::string::npos);
}

TEST_CASE("without a journal the lines go to standard error") {
    std::string text;
    {
        const StderrInFile capture;
        journal::log(Level::Warning, "before");
        journal::Log log;
        journal::log(Level::Error, "during");
        journal::log(Level::Debug, "too detailed");
        journal::event(ess::message_id::trip_begun, Level::Notice, "trip", {{"UNIT", "x.service"}});
        CHECK(log.stop(ess::monotonic_now() + 20s));
        journal::log(Level::Critical, "after");
        text = capture.text();
    }
    CHECK(text ==
          "essd: warning: before\n"
          "essd: error: during\n"
          "essd: notice: trip\n"
          "essd: critical: after\n");
}

TEST_CASE("the log opens again after it was closed") {
    std::string text;
    {
        const StderrInFile capture;
        for (int i = 0; i < 3; ++i) {
            const journal::Log log(Level::Debug);
            journal::log(Level::Debug, "round");
        }
        text = capture.text();
    }
    CHECK(text == "essd: debug: round\nessd: debug: round\nessd: debug: round\n");
}

TEST_CASE("only the very stream that JOURNAL_STREAM names is the journal") {
    struct stat info {};
    const ess::test::ScratchDirectory scratch;
    const ess::Fd file(::open(scratch.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    REQUIRE(::fstat(file.get(), &info) == 0);
    const std::string name = std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino);
    CHECK(journal::is_journal_stream(name.c_str(), file.get()));
    CHECK_FALSE(journal::is_journal_stream((name + "1").c_str(), file.get()));
    CHECK_FALSE(journal::is_journal_stream("", file.get()));
    CHECK_FALSE(journal::is_journal_stream(nullptr, file.get()));
    CHECK_FALSE(journal::is_journal_stream(name.c_str(), -1));
}

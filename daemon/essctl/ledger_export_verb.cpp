#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "core/changelog_writer.hpp"
#include "core/operation_number.hpp"
#include "core/paths.hpp"
#include "core/yaml_writer.hpp"
#include "essctl/ledger_verbs.hpp"
#include "essctl/screen.hpp"
#include "host/changelog_file.hpp"
#include "host/git_tags.hpp"

namespace ess::essctl {

namespace {

constexpr mode_t file_mode = 0644;
constexpr mode_t directory_mode = 0755;

struct ExportOptions {
    std::string format;
    std::string output;
    std::string directory = paths::ledger_directory;
    DayRange days;
};

/// Gives the text to the file, which appears as a whole, or to standard output.
Result<> stream_to(const std::string& output, const std::function<Result<>(const host::TextSink&)>& stream) {
    if (output.empty()) return stream([](std::string_view text) { return write_all(STDOUT_FILENO, text); });
    auto file = host::StreamedFile::create(output, file_mode);
    if (!file) return tl::make_unexpected(file.error());
    auto streamed = stream([&](std::string_view text) { return file->write(text); });
    return streamed ? file->commit() : streamed;
}

/// One operation a line: a change in one is a change of one line.
Result<> stream_json(const host::LedgerIndex& index, const DayRange& days, const host::TextSink& sink) {
    std::string before = "[\n";
    auto walked = index.for_each([&](const Operation& operation) -> Result<> {
        if (!days.has(changelog_day(operation))) return {};
        auto put = sink(before + to_json(operation).dump());
        before = ",\n";
        return put;
    });
    if (!walked) return walked;
    return sink(before == "[\n" ? "[]\n" : "\n]\n");
}

/// One file a month, each complete when the next one begins.
Result<> write_months(const host::LedgerIndex& index, const DayRange& days, const std::string& directory) {
    if (::mkdir(directory.c_str(), directory_mode) != 0 && errno != EEXIST) return system_failure(directory, errno);
    std::string month;
    std::optional<host::StreamedFile> file;
    auto walked = index.for_each([&](const Operation& operation) -> Result<> {
        if (!days.has(changelog_day(operation))) return {};
        if (const std::string next = changelog_month(operation); next != month) {
            if (file) {
                if (auto done = file->commit(); !done) return done;
            }
            month = next;
            auto created = host::StreamedFile::create(directory + "/" + month + ".yaml", file_mode);
            if (!created) return tl::make_unexpected(created.error());
            file.reset();
            file.emplace(std::move(*created));
        }
        std::string text = entry_yaml(operation);
        for (const Json& amendment : operation.amendments)
            text += amendment_yaml(amendment);
        return file->write(text);
    });
    if (!walked || !file) return walked;
    return file->commit();
}

/// "ops-2026-01-27-001"
std::string tag_of(const std::string& operation_id) {
    std::string tag = operation_id;
    std::transform(tag.begin(), tag.end(), tag.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return tag;
}

class Tagger {
  public:
    explicit Tagger(const host::GitTags& tags) : tags_(tags) {}

    Result<> take(const Operation& operation) {
        if (!parse_operation_id(operation.id()))
            return failure(operation.id() +
                           ": no name for a tag; export the others with --since and --until, or to another format");
        const std::string commit =
            operation.entry.contains("git_commit") && operation.entry.at("git_commit").is_string()
                ? operation.entry.at("git_commit").get<std::string>()
                : "";
        const std::string tag = tag_of(operation.id());
        if (auto put = this->put(tag, entry_yaml(operation), commit); !put) return put;
        std::size_t number = 0;
        for (const Json& amendment : operation.amendments) {
            const std::string name = tag + "-amend-" + std::to_string(++number);
            if (auto put = this->put(name, amendment_yaml(amendment), commit); !put) return put;
        }
        return {};
    }

    [[nodiscard]] std::string summary() const {
        return std::to_string(made_) + " tags made, " + std::to_string(there_) + " were there already\n";
    }

  private:
    Result<> put(const std::string& tag, const std::string& message, const std::string& commit) {
        const auto there = tags_.message(tag);
        if (!there) return tl::make_unexpected(there.error());
        if (*there == message) {
            ++there_;
            return {};
        }
        if (!there->empty())
            return failure("tag " + tag + " is there with another message: remove it, or export to another repository");
        ++made_;
        return tags_.create(tag, message, commit);
    }

    const host::GitTags& tags_;
    std::size_t made_ = 0;
    std::size_t there_ = 0;
};

Result<> write_tags(const host::LedgerIndex& index, const DayRange& days, const std::string& repository) {
    const auto tags = host::GitTags::open(repository);
    if (!tags) return tl::make_unexpected(tags.error());
    Tagger tagger(*tags);
    auto walked = index.for_each([&](const Operation& operation) -> Result<> {
        return days.has(changelog_day(operation)) ? tagger.take(operation) : Result<>{};
    });
    out(tagger.summary());
    return walked;
}

Result<> write(const host::LedgerIndex& index, const ExportOptions& options) {
    if (options.format == "yaml") return write_months(index, options.days, options.output);
    if (options.format == "git") return write_tags(index, options.days, options.output);
    return stream_to(options.output, [&](const host::TextSink& sink) {
        return options.format == "md" ? host::stream_changelog(index, options.days, sink)
                                      : stream_json(index, options.days, sink);
    });
}

Exit export_ledger(const ExportOptions& options) {
    const bool needs_output = options.format == "yaml" || options.format == "git";
    if (needs_output && options.output.empty()) {
        err("essctl: this format needs --output, the " +
            std::string(options.format == "git" ? "repository" : "directory") + " to write to\n");
        return Exit::Usage;
    }
    const auto index = host::LedgerIndex::read(options.directory);
    const auto written = index ? write(*index, options) : Result<>(tl::make_unexpected(index.error()));
    if (written) return Exit::Fine;
    err("essctl: " + written.error().text + "\n");
    return Exit::Failed;
}

std::string check_day(const std::string& day) {
    return day.size() == 10 && from_rfc3339(day + "T00:00:00Z") ? "" : "must be a day like 2026-01-28";
}

}  // namespace

void declare_ledger_export(CLI::App& ledger, Run& run) {
    const auto options = std::make_shared<ExportOptions>();
    auto* const verb = ledger.add_subcommand("export", "Write the ledger in a form for people and other tools");
    verb->add_option("--format", options->format, "md, yaml (a file a month), json, or git (annotated tags)")
        ->type_name("FORMAT")
        ->check(CLI::IsMember({"md", "yaml", "json", "git"}))
        ->required();
    verb->add_option("--output", options->output, "The file (md, json), directory (yaml) or repository (git)")
        ->type_name("PATH");
    verb->add_option("--since", options->days.since, "Only operations of this UTC day and later")
        ->check(check_day)
        ->type_name("DAY");
    verb->add_option("--until", options->days.until, "Only operations of this UTC day and earlier")
        ->check(check_day)
        ->type_name("DAY");
    verb->add_option("--directory", options->directory, "The ledger")->type_name("DIR")->capture_default_str();
    verb->footer(
        "md and json go to standard output without --output. A file that is there is replaced; a tag never is.\n"
        "What is exported is valid YAML 1.1 and 1.2, and `essctl ledger import` reads it back to the same entries.\n"
        "Example: essctl ledger export --format md --since 2026-01-01 --output OPS_CHANGELOG.md");
    verb->callback([options, &run] { run = [options] { return export_ledger(*options); }; });
}

}  // namespace ess::essctl

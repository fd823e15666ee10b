#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "base/file.hpp"
#include "base/text.hpp"
#include "core/paths.hpp"
#include "essctl/import_plan.hpp"
#include "essctl/ledger_verbs.hpp"
#include "essctl/record.hpp"
#include "essctl/screen.hpp"
#include "host/git_tags.hpp"

namespace ess::essctl {

namespace {

constexpr std::size_t name_limit = 60;

struct ImportOptions {
    std::vector<std::string> files;
    std::string repository;
    std::string directory = paths::ledger_directory;
    bool dry_run = false;
    bool json = false;
};

Result<std::string> read_standard_input() {
    std::string text;
    std::array<char, 65536> buffer{};
    while (text.size() <= changelog_size_limit) {
        const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_failure("standard input", errno);
        if (got == 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return failure("standard input: larger than " + std::to_string(changelog_size_limit) + " bytes");
}

Result<std::vector<ImportSource>> read_files(const std::vector<std::string>& files) {
    std::vector<ImportSource> sources;
    for (const std::string& file : files) {
        const auto text = file == "-" ? read_standard_input() : read_file(file, changelog_size_limit);
        if (!text) return tl::make_unexpected(text.error());
        sources.push_back({file == "-" ? "standard input" : file, read_changelog(*text)});
    }
    return sources;
}

Result<std::vector<ImportSource>> read_tags(const std::string& repository) {
    const auto tags = host::GitTags::open(repository);
    if (!tags) return tl::make_unexpected(tags.error());
    const auto names = tags->operations();
    if (!names) return tl::make_unexpected(names.error());
    std::vector<ImportSource> sources;
    for (const std::string& name : *names) {
        const auto message = tags->message(name);
        if (!message) return tl::make_unexpected(message.error());
        sources.push_back({repository + " " + name, read_changelog(*message)});
    }
    return sources;
}

/// Tells of faults and warnings; whether there is no fault.
bool tell(const std::vector<ImportSource>& sources) {
    bool good = true;
    for (const auto& [name, reading] : sources) {
        for (const YamlFault& fault : reading.faults)
            err(name + ":" + to_text(fault) + "\n");
        for (const ChangelogEntry& entry : reading.entries) {
            for (const YamlFault& warning : entry.warnings)
                err(name + ":" + to_text(warning) + "\n");
        }
        good = good && reading.faults.empty();
    }
    return good;
}

/// The ledger as it is; one that is not there yet is empty.
Result<host::LedgerIndex> index_of(const std::string& directory) {
    auto index = host::LedgerIndex::read(directory);
    if (!index && index.error().code == ENOENT) return host::LedgerIndex();
    return index;
}

/// Does what is planned, and tells of it.
class Importer {
  public:
    explicit Importer(const ImportOptions& options) : options_(options) {}

    Exit run(const ImportPlan& plan) {
        for (const ImportStep& step : plan.steps) {
            if (auto done = take(step); !done) return give_up(step, done.error());
        }
        const std::string did = options_.dry_run ? " would be imported, " : " imported, ";
        if (options_.json) {
            out(Json{{"entries", told_},
                     {"imported", imported_},
                     {"unchanged", unchanged_},
                     {"dry_run", options_.dry_run}}
                    .dump(2) +
                "\n");
        } else {
            out(std::to_string(plan.steps.size()) + " entries: " + std::to_string(imported_) + did +
                std::to_string(unchanged_) + " were there already\n");
        }
        return Exit::Fine;
    }

  private:
    tl::expected<void, Explanation> take(const ImportStep& step) {
        if (step.known) {
            ++unchanged_;
            tell_step(step, "unchanged", step.seq);
            return {};
        }
        ++imported_;
        if (options_.dry_run) {
            tell_step(step, "would import", 0);
            return {};
        }
        const LedgerKind kind = step.read.amends ? LedgerKind::Amend : LedgerKind::Append;
        const auto recorded = record(kind, step.read.entry, step.ess, options_.directory);
        if (!recorded) return tl::make_unexpected(recorded.error());
        tell_step(step, recorded->existed ? "unchanged" : "imported", recorded->seq);
        return {};
    }

    void tell_step(const ImportStep& step, const char* action, std::uint64_t seq) {
        const std::string name =
            clean_line(step.read.amends ? "amendment" : step.read.entry.value("operation_name", ""), name_limit);
        if (!options_.json) {
            return out(std::string(action) + "  " + step.read.id() + "  " + name +
                       (seq == 0 ? "" : "  (seq " + std::to_string(seq) + ")") + "\n");
        }
        Json told{{"operation_id", step.read.id()},      {"amends", step.read.amends}, {"action", action},
                  {"file", clean_line(step.file, 1024)}, {"line", step.read.line},     {"warnings", Json::array()}};
        if (seq != 0) told["seq"] = seq;
        for (const YamlFault& warning : step.read.warnings)
            told["warnings"].push_back(to_text(warning));
        told_.push_back(std::move(told));
    }

    Exit give_up(const ImportStep& step, const Explanation& why) const {
        err("essctl: " + step.read.id() + " was not recorded: " + why.text + "\nessctl: " +
            std::to_string(imported_ - 1) + " entries were imported before it; run the same command again\n");
        return why.exit;
    }

    const ImportOptions& options_;
    Json told_ = Json::array();
    std::size_t imported_ = 0;
    std::size_t unchanged_ = 0;
};

Exit fail(const std::string& text) {
    err("essctl: " + text + "\n");
    return Exit::Failed;
}

Exit import(const ImportOptions& options) {
    if (options.files.empty() == options.repository.empty()) {
        err("essctl: name the files to import, or a repository with --git\n");
        return Exit::Usage;
    }
    auto sources = options.files.empty() ? read_tags(options.repository) : read_files(options.files);
    if (!sources) return fail(sources.error().text);
    if (!tell(*sources)) return fail("nothing was imported: correct what is named above");
    const auto index = index_of(options.directory);
    if (!index) return fail(index.error().text);
    const auto plan = plan_import(std::move(*sources), *index);
    if (!plan) return fail(plan.error().text);
    for (const std::string& problem : plan->problems)
        err(problem + "\n");
    if (!plan->problems.empty()) return fail("nothing was imported");
    return Importer(options).run(*plan);
}

}  // namespace

void declare_ledger_import(CLI::App& ledger, Run& run) {
    const auto options = std::make_shared<ImportOptions>();
    auto* const verb = ledger.add_subcommand("import", "Take over the entries of an operators' changelog");
    verb->add_option("FILE", options->files,
                     "Markdown, monthly YAML, or JSON as export writes it; - is standard input");
    verb->add_option("--git", options->repository, "In place of files: the annotated tags ops-* of this repository")
        ->type_name("REPOSITORY");
    verb->add_flag("--dry-run", options->dry_run, "Tell what would be done, and do nothing");
    verb->add_flag("--json", options->json, "Print what was done as JSON");
    verb->add_option("--directory", options->directory, "The ledger")->type_name("DIR")->capture_default_str();
    verb->footer(
        "All of it or nothing: one entry that cannot be read, or that is in the ledger with another content, and "
        "nothing "
        "is imported. What is there already stays as it is.\nA line `key: rest` that is not YAML, for a \": \" in an "
        "unquoted rest, is read as text up to its end, with a warning.\nExample: essctl ledger import "
        "OPS_CHANGELOG.md");
    verb->callback([options, &run] { run = [options] { return import(*options); }; });
}

}  // namespace ess::essctl

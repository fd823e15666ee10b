#include "host/changelog_file.hpp"

#include "core/changelog_writer.hpp"
#include "core/paths.hpp"
#include "host/peer.hpp"

namespace ess::host {

namespace {

constexpr mode_t changelog_mode = 0640;

}  // namespace

Result<> stream_changelog(const LedgerIndex& index, const DayRange& days, const TextSink& sink) {
    if (auto put = sink(changelog_header()); !put) return put;
    std::string section;
    auto walked = index.for_each([&](const Operation& operation) -> Result<> {
        if (!days.has(changelog_day(operation))) return {};
        if (const std::string month = changelog_month(operation); month != section) {
            section = month;
            if (auto put = sink(changelog_section(month)); !put) return put;
        }
        return sink(changelog_block(operation));
    });
    if (!walked) return walked;
    return sink(changelog_footer());
}

Result<> write_changelog(const std::string& ledger_directory, const std::string& path) {
    const auto index = LedgerIndex::read(ledger_directory);
    if (!index) return tl::make_unexpected(index.error());
    auto file = StreamedFile::create(path, changelog_mode, find_group(paths::group).value_or(std::nullopt));
    if (!file) return tl::make_unexpected(file.error());
    auto written = stream_changelog(*index, {}, [&](std::string_view text) { return file->write(text); });
    return written ? file->commit() : written;
}

}  // namespace ess::host

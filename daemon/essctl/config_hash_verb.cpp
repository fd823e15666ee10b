#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "essctl/ledger_verbs.hpp"
#include "essctl/screen.hpp"
#include "essctl/trading_config.hpp"
#include "host/config_hash_files.hpp"

namespace ess::essctl {

namespace {

struct ConfigHashOptions {
    std::vector<std::string> directories;
    bool json = false;
    bool strict = false;
};

Json to_json(const std::string& directory, const ConfigHash& hash) {
    Json files = Json::array();
    for (const ConfigFileDigest& file : hash.files) {
        Json told{{"name", file.name}, {"sha256", nullptr}, {"size_bytes", nullptr}};
        if (file.digest)
            told = {{"name", file.name}, {"sha256", file.digest->sha256}, {"size_bytes", file.digest->size}};
        files.push_back(std::move(told));
    }
    return {{"directory", directory}, {"config_hash", hash.hash16}, {"files", std::move(files)}};
}

Exit config_hash(ConfigHashOptions options) {
    const Config config = trading_config();
    if (options.directories.empty()) options.directories.push_back(config.config_hash.directory);
    bool complete = true;
    Json list = Json::array();
    for (const std::string& directory : options.directories) {
        const auto reading = host::read_config_hash(directory, config.config_hash.files);
        for (const Error& error : reading.unreadable)
            err("essctl: counts as ERROR: " + error.text + "\n");
        complete = complete && reading.unreadable.empty();
        if (!options.json) out(reading.hash.hash16 + "  " + directory + "\n");
        list.push_back(to_json(directory, reading.hash));
    }
    if (options.json) out(list.dump(2) + "\n");
    return complete || !options.strict ? Exit::Fine : Exit::Failed;
}

}  // namespace

void declare_config_hash(CLI::App& app, Run& run) {
    auto* const verb = app.add_subcommand("config-hash", "The hash of the trading configuration, per directory");
    const auto options = std::make_shared<ConfigHashOptions>();
    verb->add_option("DIR", options->directories, "Directories with the files; none: the configured one");
    verb->add_flag("--strict", options->strict, "Fail if a file cannot be read");
    verb->add_flag("--json", options->json, "Print it as JSON, with each file's SHA-256 and size");
    verb->footer(
        "SHA-256 over the bytes of the files of config_hash.files in their order, \"ERROR\" in place of one that "
        "cannot "
        "be read, the first 16 digits.\nExample: essctl config-hash /etc/quantum /srv/standby/etc/quantum");
    verb->callback([options, &run] { run = [options] { return config_hash(*options); }; });
}

}  // namespace ess::essctl

#include "host/config_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "base/file.hpp"
#include "core/paths.hpp"
#include "core/yaml_tree.hpp"

namespace ess::host {

namespace {

namespace fs = std::filesystem;

struct Listing {
    std::vector<std::string> files;
    std::vector<ConfigFault> faults;
};

bool is_hidden(const std::string& name) {
    return name.starts_with('.');
}

/// The drop-ins of a directory. No directory is no drop-ins.
Listing list_dropins(const std::string& directory) {
    Listing listing;
    std::error_code error;
    fs::directory_iterator entry(directory, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        const std::string path = entry->path().string();
        if (is_hidden(name)) continue;
        if (name.ends_with(".yaml")) listing.files.push_back(path);
        if (name.ends_with(".yml")) listing.faults.push_back({path, 0, 0, "is not read: rename it to end in .yaml"});
    }
    if (error && error != std::errc::no_such_file_or_directory) {
        listing.faults.push_back({directory, 0, 0, error.message() + ": it must be a directory that root can read"});
    }
    std::sort(listing.files.begin(), listing.files.end());
    return listing;
}

std::string advice(int code) {
    if (code == ENOENT) return ": write it, with at least the list \"units:\" of what is to be stopped";
    if (code == EACCES || code == EPERM) return ": let root read it, and run this as root";
    return ": it must be a regular file that can be read";
}

ConfigFault unreadable(const std::string& file, const Error& error) {
    const std::string context = file + ": ";
    std::string reason = error.text;
    if (reason.starts_with(context)) reason.erase(0, context.size());
    return {file, 0, 0, reason + advice(error.code)};
}

void sort_by_file(std::vector<ConfigFault>& faults, const std::vector<std::string>& files) {
    const auto rank = [&](const ConfigFault& fault) { return std::find(files.begin(), files.end(), fault.file); };
    std::stable_sort(faults.begin(), faults.end(),
                     [&](const ConfigFault& a, const ConfigFault& b) { return rank(a) < rank(b); });
}

}  // namespace

ConfigReading read_listed_config_files(const std::vector<std::string>& files) {
    std::vector<ConfigSource> sources;
    std::vector<ConfigFault> faults;
    for (const std::string& file : files) {
        auto text = read_file(file, yaml_size_limit);
        if (!text) faults.push_back(unreadable(file, text.error()));
        // An empty text in place of an unreadable one keeps the first file the main file.
        sources.push_back({file, text ? std::move(*text) : std::string{}});
    }
    ConfigReading reading = read_config(sources);
    if (faults.empty()) return reading;
    // What is missing may be in the file that could not be read.
    std::erase_if(reading.faults, [](const ConfigFault& fault) { return fault.line == 0; });
    std::move(reading.faults.begin(), reading.faults.end(), std::back_inserter(faults));
    sort_by_file(faults, files);
    reading.faults = std::move(faults);
    return reading;
}

ConfigReading read_config_files(const std::string& directory) {
    Listing dropins = list_dropins(directory + "/ess.d");
    dropins.files.insert(dropins.files.begin(), directory + "/ess.yaml");
    ConfigReading reading = read_listed_config_files(dropins.files);
    std::move(dropins.faults.begin(), dropins.faults.end(), std::back_inserter(reading.faults));
    return reading;
}

BestConfig read_best_config() {
    ConfigReading reading = read_config_files(paths::config_directory);
    if (reading.faults.empty()) return {std::move(reading.config), {}, paths::config_directory};
    for (const char* const fallback : {paths::last_good_config_volatile, paths::last_good_config}) {
        ConfigReading last = read_listed_config_files({fallback});
        if (last.faults.empty()) return {std::move(last.config), std::move(reading.faults), fallback};
    }
    return {{}, std::move(reading.faults), {}};
}

}  // namespace ess::host

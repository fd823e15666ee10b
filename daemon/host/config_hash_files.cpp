#include "host/config_hash_files.hpp"

#include <utility>

#include "base/file.hpp"

namespace ess::host {

ConfigReading read_config_hash(const std::string& directory, const std::vector<std::string>& names) {
    ConfigReading reading;
    std::vector<HashedFile> files;
    for (const std::string& name : names) {
        std::string path = directory;
        path.append("/").append(name);
        auto bytes = read_file(path, config_file_limit);
        if (bytes) {
            files.push_back({name, std::move(*bytes)});
        } else {
            files.push_back({name, std::nullopt});
            reading.unreadable.push_back(bytes.error());
        }
    }
    reading.hash = hash_config(files);
    return reading;
}

}  // namespace ess::host

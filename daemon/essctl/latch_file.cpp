#include "essctl/latch_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/fd.hpp"
#include "base/file.hpp"
#include "core/config.hpp"
#include "core/paths.hpp"
#include "host/config_files.hpp"

namespace ess::essctl {

std::set<std::string> latch_paths() {
    std::set<std::string> found;
    const ConfigReading reading = host::read_config_files(paths::config_directory);
    if (reading.faults.empty()) found.insert(reading.config.latch.path);
    const ConfigReading running = host::read_listed_config_files({paths::last_good_config_volatile});
    if (running.faults.empty()) found.insert(running.config.latch.path);
    if (found.empty()) found.insert(Config{}.latch.path);
    return found;
}

Result<LatchSet> set_latch(const std::string& path, const std::string& content) {
    if (::mkdir(parent_of(path).c_str(), 0775) != 0 && errno != EEXIST) return system_failure(parent_of(path), errno);
    const std::string temporary = path + "." + std::to_string(::getpid());
    if (replace_file(temporary, content, 0644, Durability::Volatile)) {
        if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0)
            return LatchSet::New;
        const bool there = errno == EEXIST;
        static_cast<void>(::unlink(temporary.c_str()));  // a leftover beside the latch means nothing
        if (there) return LatchSet::AlreadyThere;
    }
    const Fd latch(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (latch || ::mkdir(path.c_str(), 0755) == 0) return LatchSet::New;
    if (errno == EEXIST) return LatchSet::AlreadyThere;
    return system_failure(path, errno);
}

std::string latch_mark(const std::string& path) {
    std::string mark;
    for (const std::string& place : {path, parent_of(path)}) {
        struct stat found {};
        if (::lstat(place.c_str(), &found) != 0) return "";
        mark += std::to_string(found.st_ino) + " " + std::to_string(found.st_mtim.tv_sec) + "." +
                std::to_string(found.st_mtim.tv_nsec) + " ";
    }
    return mark;
}

std::string latch_at_sight() {
    std::set<std::string> places = latch_paths();
    places.insert(paths::latch_copy);
    for (const std::string& path : places) {
        struct stat found {};
        if (::lstat(path.c_str(), &found) == 0) return "the latch is set (" + path + "): no guarded unit can start";
        if (errno != ENOENT && path != paths::latch_copy) {
            return "whether the latch is set cannot be seen (" + path + "): take it for set";
        }
    }
    return "";
}

}  // namespace ess::essctl

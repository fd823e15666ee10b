#include "host/signing_key.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "base/fd.hpp"
#include "base/file.hpp"

namespace ess::host {

namespace {

constexpr mode_t key_directory_mode = 0700;
constexpr mode_t key_mode = 0600;
// A PEM of Ed25519 has 119 bytes; some people write a text above it.
constexpr std::size_t key_file_limit = 16384;

std::string credential_path() {
    const char* const directory = std::getenv("CREDENTIALS_DIRECTORY");
    if (directory == nullptr || *directory != '/') return {};
    std::string path = std::string(directory) + "/ledger.pem";
    return ::access(path.c_str(), F_OK) == 0 ? path : std::string();
}

Result<> sync_directory(const std::string& path) {
    const Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || ::fsync(directory.get()) != 0) return system_failure("sync " + path, errno);
    return {};
}

/// Whether nobody else can have read or written it.
Result<> check_private(const Fd& file, const std::string& path) {
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) return system_failure(path, errno);
    if (!S_ISREG(info.st_mode)) return failure(path + ": not a regular file");
    if (info.st_uid != ::geteuid()) return failure(path + ": belongs to another user; make a new key");
    if ((info.st_mode & 077U) != 0) {
        return failure(path + ": others may read or write it; make a new key, or, if nobody has read it: chmod 600");
    }
    return {};
}

Result<std::optional<Ed25519PrivateKey>> read_key(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!file && errno == ENOENT) return std::nullopt;
    if (!file) return system_failure(path, errno);
    if (auto checked = check_private(file, path); !checked) return tl::make_unexpected(checked.error());
    auto pem = read_file("/proc/self/fd/" + std::to_string(file.get()), key_file_limit);
    if (!pem) return failure_in(path, pem.error());
    auto key = Ed25519PrivateKey::from_pem(*pem);
    if (!key) return failure_in(path, key.error());
    return std::optional<Ed25519PrivateKey>(std::move(*key));
}

}  // namespace

SigningKeys::SigningKeys(const std::string& ledger_directory)
    : credential_(credential_path()), file_(parent_of(ledger_directory) + "/keys/ledger.pem") {}

Result<std::optional<Ed25519PrivateKey>> SigningKeys::load() const {
    return read_key(is_credential() ? credential_ : file_);
}

Result<> SigningKeys::make_directory() const {
    const std::string path = parent_of(file_);
    const bool made = ::mkdir(path.c_str(), key_directory_mode) == 0;
    if (!made && errno != EEXIST) return system_failure("make " + path, errno);
    return made ? sync_directory(parent_of(path)) : Result<>{};
}

Result<Ed25519PrivateKey> SigningKeys::make() const {
    if (is_credential()) return failure(credential_ + ": is given by systemd");
    if (auto ready = make_directory(); !ready) return tl::make_unexpected(ready.error());
    auto key = Ed25519PrivateKey::generate();
    const std::string fresh = file_ + ".new";
    if (auto written = replace_file(fresh, key.pem(), key_mode, Durability::Durable); !written) {
        return tl::make_unexpected(written.error());
    }
    if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, file_.c_str(), RENAME_NOREPLACE) != 0) {
        return system_failure("rename to " + file_, errno);
    }
    if (auto synced = sync_directory(parent_of(file_)); !synced) return tl::make_unexpected(synced.error());
    return key;
}

Result<std::optional<Ed25519PrivateKey>> SigningKeys::load_next() const {
    return read_key(next_file());
}

Result<> SigningKeys::put_next(const Ed25519PrivateKey& key) const {
    return replace_file(next_file(), key.pem(), key_mode, Durability::Durable);
}

Result<> SigningKeys::take_next() const {
    if (::rename(next_file().c_str(), file_.c_str()) != 0) return system_failure("rename to " + file_, errno);
    return sync_directory(parent_of(file_));
}

Result<> SigningKeys::drop_next() const {
    return remove_file(next_file(), Durability::Durable);
}

}  // namespace ess::host

#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace ess::host {

/// Takes the next piece of a text.
using TextSink = std::function<Result<>(std::string_view text)>;

/// A file that is written in pieces and appears as a whole: a temporary file in the same directory, then rename(2).
/// Nothing is synced: for what can be made again. Without commit() nothing is left of it.
class StreamedFile {
  public:
    /// Of that group, where it can be given to it.
    [[nodiscard]] static Result<StreamedFile> create(const std::string& path, mode_t mode,
                                                     std::optional<gid_t> group = std::nullopt);
    StreamedFile(StreamedFile&& other) noexcept = default;
    StreamedFile& operator=(StreamedFile&& other) noexcept = delete;
    ~StreamedFile();

    [[nodiscard]] Result<> write(std::string_view text);
    [[nodiscard]] Result<> commit();

  private:
    StreamedFile(Fd file, std::string path, std::string temporary);
    Result<> flush();

    Fd file_;
    std::string path_;
    std::string temporary_;
    std::string buffer_;
};

}  // namespace ess::host

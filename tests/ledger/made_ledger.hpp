#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "host/command_output.hpp"
#include "host/scratch_directory.hpp"

/// Ledgers that tests/ledger/make_ledger makes, and what may be done to them.
namespace ess::test {

inline std::string file_bytes(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    REQUIRE_MESSAGE(file, path);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline void put_file(const std::string& path, const std::string& bytes) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << bytes;
    REQUIRE_MESSAGE(file.flush(), path);
}

inline std::vector<std::string> split_lines(const std::string& bytes) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t end = std::min(bytes.find('\n', at), bytes.size() - 1) + 1;
        lines.push_back(bytes.substr(at, end - at));
        at = end;
    }
    return lines;
}

inline std::string join_lines(const std::vector<std::string>& lines) {
    std::string bytes;
    for (const std::string& line : lines)
        bytes += line;
    return bytes;
}

class MadeLedger {
  public:
    explicit MadeLedger(const std::string& scenario, const std::string& entries = "") {
        using namespace std::chrono_literals;
        host::Command command{{ESS_SOURCE_DIR "/tests/ledger/make_ledger", scenario, top()}, 120s, 4096};
        if (!entries.empty()) command.words.push_back(entries);
        const auto made = host::command_output(command);
        REQUIRE_MESSAGE(made, (made ? "" : made.error().text));
    }

    [[nodiscard]] std::string top() const { return scratch_.file("made"); }
    [[nodiscard]] std::string directory() const { return top() + "/ledger"; }
    [[nodiscard]] std::string file(const std::string& name) const { return directory() + "/" + name; }
    [[nodiscard]] std::string kept(const std::string& name) const { return top() + "/kept/" + name; }
    /// Empty if the scenario has no people.
    [[nodiscard]] std::string allowed_signers() const {
        const std::string path = top() + "/allowed_signers";
        return std::filesystem::exists(path) ? path : std::string();
    }

  private:
    ScratchDirectory scratch_;
};

}  // namespace ess::test

#pragma once

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

#include "base/file.hpp"

namespace ess::test {

/// A part of a page in mdoc(7): what stands behind the macro that begins it, and the lines below.
struct ManualPart {
    std::string title;
    std::vector<std::string> lines;

    /// As one line of plain words, macros included.
    [[nodiscard]] std::string text() const {
        std::string text;
        for (const std::string& line : lines)
            text += line + " ";
        return text;
    }
};

inline std::vector<std::string> lines_of(const std::string& path) {
    const auto text = read_file(path, 1024UL * 1024);
    REQUIRE_MESSAGE(text, path);
    std::vector<std::string> lines;
    std::istringstream from(*text);
    for (std::string line; std::getline(from, line);)
        lines.push_back(line);
    return lines;
}

/// Each part that begins with `macro` (".Ss ") and ends at the next one, at a section, or at the end of a list of such.
inline std::vector<ManualPart> parts_of(const std::vector<std::string>& lines, const std::string& macro) {
    std::vector<ManualPart> parts;
    bool open = false;
    for (const std::string& line : lines) {
        if (line.starts_with(macro)) {
            // "\&" keeps a word from being a macro.
            const bool kept = line.substr(macro.size()).starts_with("\\&");
            parts.push_back({line.substr(macro.size() + (kept ? 2 : 0)), {}});
            open = true;
        } else if (line.starts_with(".Sh ") || (line == ".El" && macro.starts_with(".It"))) {
            open = false;
        } else if (open) {
            parts.back().lines.push_back(line);
        }
    }
    return parts;
}

/// The lines of one section.
inline std::vector<std::string> section_of(const std::vector<std::string>& lines, const std::string& name) {
    for (const ManualPart& part : parts_of(lines, ".Sh ")) {
        if (part.title == name) return part.lines;
    }
    FAIL("there is no section " << name);
    return {};
}

}  // namespace ess::test

#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "core/operation.hpp"

namespace ess::test {

inline const std::vector<std::string> nasty_texts{
    "",
    "y",
    "No",
    "on",
    "NULL",
    "~",
    "0x1F",
    "1_000",
    "1e3",
    "12e03",
    ".5",
    "-1",
    "+1",
    "0o17",
    "017",
    "1:30",
    ".inf",
    "2026-01-28",
    "2026-01-28T01:41:58Z",
    "<<",
    "=",
    "---",
    "...",
    "--- a",
    "- a",
    "? a",
    "a: b",
    "a:",
    "a #b",
    "# a",
    "a#b",
    " a",
    "a ",
    "[a]",
    "{a: b}",
    "*a",
    "&a b",
    "!a",
    "|",
    ">",
    "%a",
    "@a",
    "`a`",
    "'a'",
    "\"a\"",
    "a\\nb",
    "a, b",
    "a\n",
    "a\nb",
    "\na",
    "a\n\n",
    " a\nb\n",
    "a\n b\n\n\nc\n",
    "# a\nb\n",
    "a\n```\nb\n",
    "a\n \nb\n",
    "a\n\tb\n",
    "\ta",
    "\ta\nb\n",
    "a\tb\nc",
    "a\r\nb",
    "a\rb",
    "é→😀",
    "a\u0085b",
    "a\u00A0b",
    "a\u2028b",
    "a\u2029b\n",
    "\uFEFFa",
    "a\uFFFE",
    "\u202Eabc",
    std::string("a\0b", 3),
    "\x1b[31m",
    "\x7f",
    "a: b\nc: d\n",
    "operation_id: x",
    "681ff703",
    "2b442892",
};

/// Makes entries of all fields from texts that writers and readers of YAML stumble over.
class NastyEntries {
  public:
    explicit NastyEntries(unsigned seed) : random_(seed) {}

    Operation next() {
        Operation operation;
        operation.entry = {{"operation_id", "OPS-2025-01-01-001"}, {"outcome", "SUCCESS"}};
        for (const char* name : {"operation_name", "blast_radius", "notes", "metrics_snapshot", "on", "x-1", "y"}) {
            if (below(3) != 0) operation.entry[name] = text();
        }
        for (const char* name : {"commits", "allowed_paths", "Null", "verification_evidence"})
            operation.entry[name] = list(std::string(name) == "allowed_paths");
        operation.entry["services_status"] = map();
        operation.entry["proof_file"] = {{"size_bytes", below(1U << 30U)}, {"path", text()}};
        if (below(2) == 0) operation.comments = comments(operation.entry);
        if (below(2) == 0) {
            operation.kind = LedgerKind::Trip;
            operation.ess = {
                {"reason", text()}, {key(), nullptr}, {"units", {{{"us", -12}, {"up", true}, {"t", text()}}}}};
        }
        return operation;
    }

  private:
    std::size_t below(std::size_t end) { return random_() % end; }

    std::string text() {
        if (below(4) != 0) return nasty_texts[below(nasty_texts.size())];
        static const std::vector<std::string> parts{"a",  " ", "\n", ":", "#",   "-",    "'", "\"", "\\",
                                                    "\t", "1", "é",  "~", "```", "\x01", "{", "]",  ","};
        std::string made;
        for (std::size_t i = below(12); i > 0; --i)
            made += parts[below(parts.size())];
        return made;
    }

    Json list(bool names) {
        Json made = Json::array();
        for (std::size_t i = below(4); i > 0; --i)
            made.push_back(names ? "name-" + std::to_string(below(100)) : text());
        return made;
    }

    std::string key() {
        static const std::vector<std::string> keys{"a", "on", "a: b", "- x", "1", "a,b",  "a.b",
                                                   "?", "#",  " ",    "<<",  "'", "null", "{"};
        return keys[below(keys.size())];
    }

    Json map() {
        Json made = Json::object();
        for (std::size_t i = below(4); i > 0; --i)
            made[key()] = text();
        return made;
    }

    Json comments(const Json& entry) {
        Json made = {{"outcome", "as: \"planned\" # 'really' é"}};
        if (entry.contains("notes")) made["notes"] = "| not a block";
        made["commits"] = "---";
        for (std::size_t i = 0; i < entry.at("commits").size(); ++i)
            made["commits." + std::to_string(i)] = "#" + std::to_string(i);
        for (const auto& [key, value] : entry.at("services_status").items())
            made["services_status." + key] = "state";
        return made;
    }

    std::mt19937 random_;
};

}  // namespace ess::test

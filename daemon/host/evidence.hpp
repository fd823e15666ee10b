#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace ess::host {

/// Lines of one piece of evidence, the line that names it included.
inline constexpr std::size_t evidence_line_limit = 30;

/// What is to be looked at for an operators' entry.
struct EvidenceWanted {
    std::string git_repository;         ///< empty: the current directory, if it is in one
    std::vector<std::string> services;  ///< as systemctl takes them
    std::string proof;                  ///< a file; empty: none
    std::vector<std::string> metrics;   ///< addresses of Prometheus text, by HTTP
    std::string metrics_pattern;        ///< an extended regular expression; empty: every sample
    std::vector<std::string> redis;     ///< command lines for redis-cli; no shell reads them
};

struct Evidence {
    /// Fields of the entry: git_commit, git_branch, hostname, services_status, proof_file, metrics_snapshot,
    /// redis_snapshot. What could not be had is noted in its place ("# URL: FAILED", "unknown").
    Json fields = Json::object();
    std::vector<std::string> missing;  ///< what was asked for and could not be had, and why
};

/// Looks at all of it, each piece and the whole within a time. Blocks.
[[nodiscard]] Evidence collect_evidence(const EvidenceWanted& wanted);

/// Whether it is an extended regular expression, and if not why.
[[nodiscard]] Result<> check_pattern(const std::string& pattern);

}  // namespace ess::host

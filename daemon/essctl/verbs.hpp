#pragma once

#include <string>
#include <vector>

#include "essctl/exit_code.hpp"
#include "essctl/ledger_verbs.hpp"

namespace ess::essctl {

struct StatusOptions {
    bool all = false;  ///< each unit, however many there are
    bool json = false;
};
Exit status(const StatusOptions& options);

void declare_watch(CLI::App& app, Run& run);

struct TripOptions {
    std::string reason;
    bool json = false;
    bool no_wait = false;
    bool quiet = false;  ///< errors alone
};
Exit trip(const TripOptions& options);
/// What trip() does when the latch is set.
Exit follow_trip(const TripOptions& options);

struct ResetOptions {
    std::string reason;
    std::string approved_by;
    bool json = false;
    bool quiet = false;  ///< errors alone
};
Exit reset(const ResetOptions& options);

struct ApproveOptions {
    std::string operation_id;
    bool json = false;
};
Exit approve(const ApproveOptions& options);

struct StartOptions {
    bool all = false;
    bool json = false;
    bool quiet = false;  ///< errors alone
};
Exit start(const StartOptions& options);

void declare_drill(CLI::App& app, Run& run);

Exit metrics();

struct CheckConfigOptions {
    std::vector<std::string> files;  ///< empty: the installed configuration
};
Exit check_config(const CheckConfigOptions& options);

}  // namespace ess::essctl

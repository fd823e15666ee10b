#pragma once

#include <string>
#include <vector>

#include "essctl/exit_code.hpp"

namespace ess::essctl {

struct StatusOptions {
    bool json = false;
};
Exit status(const StatusOptions& options);

struct TripOptions {
    std::string reason;
    bool json = false;
    bool no_wait = false;
};
Exit trip(const TripOptions& options);

struct ResetOptions {
    std::string reason;
    std::string approved_by;
    bool json = false;
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
};
Exit start(const StartOptions& options);

struct CheckConfigOptions {
    std::vector<std::string> files;  ///< empty: the installed configuration
};
Exit check_config(const CheckConfigOptions& options);

}  // namespace ess::essctl

#pragma once

#include <string_view>

#include "core/stop_engine.hpp"

/// Where the system tests kill essd, to see what one that comes back makes of what it finds: after each action of the
/// engine, and between the steps of the recorder. In the product these are nothing; the build for the tests
/// (essd-sweep) has their bodies in tests/system/kill_point.cpp.
namespace ess::essd::kill_point {

#ifdef ESS_KILL_POINTS
void after(const Action& action);
void after_step(std::string_view step);
#else
inline void after(const Action&) {}
inline void after_step(std::string_view) {}
#endif

}  // namespace ess::essd::kill_point

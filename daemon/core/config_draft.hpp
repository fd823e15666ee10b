#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/config.hpp"

namespace ess {

/// Where a setting was given. Line 0: the file as a whole, or, of a value, that it is the default.
struct ConfigPlace {
    std::size_t source = 0;  ///< index of the file
    std::size_t line = 0;
    std::size_t column = 0;
};

/// A value that later checks may point at.
template <class T>
struct Placed {
    T value{};
    ConfigPlace place;
    bool readable = true;  ///< false: was given, but is wrong and told so, and checks that lean on it are left out

    [[nodiscard]] bool is_given() const { return place.line != 0; }
};

/// An entry of the allow-list before what it leaves out is filled in.
struct DraftRule {
    Placed<std::string> name;
    std::optional<Placed<StopCategory>> category;
    std::optional<Placed<Micros>> grace;
};

struct DraftFault {
    ConfigPlace place;
    std::string text;
};

/// The configuration while its files are read one over the other. What only a whole configuration can be asked (room
/// in the budget, protected units) waits for the last file.
struct ConfigDraft {
    Config config;  ///< all but the units and stop, which are below
    Placed<Micros> budget{Config{}.stop.budget, {}};
    Placed<StopCategory> category{Config{}.stop.category, {}};
    Placed<Micros> grace{Config{}.stop.grace, {}};
    std::vector<DraftRule> rules;
    std::optional<ConfigPlace> units_place;  ///< of the first `units:`
    Placed<bool> four_eyes{Config{}.reset.four_eyes, {}};
    Placed<Micros> expiry{Config{}.reset.expiry, {}};
    bool may_have_units = false;  ///< an entry was there, or could have been but for a fault that is told
    std::vector<DraftFault> faults;

    void fault(ConfigPlace at, std::string text) { faults.push_back({at, std::move(text)}); }
};

}  // namespace ess

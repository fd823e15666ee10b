#include "core/line_fit.hpp"

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "core/ledger_line.hpp"

namespace ess {

namespace {

/// For the members of the line beside the two, and for what is said of the shortening.
constexpr std::size_t reserve = 2048;
/// Below it nothing is gained.
constexpr std::size_t least_bytes = 256;

std::size_t size_of(const Json& value) {
    return value.dump().size();
}

/// Number of items, or bytes of a text.
std::size_t extent(const Json& value) {
    return value.is_string() ? value.get_ref<const std::string&>().size() : value.size();
}

bool can_be_halved(const Json& value) {
    if (value.is_string()) return extent(value) > least_bytes;
    return value.is_structured() && value.size() > 1;
}

void halve(Json& value) {
    const std::size_t half = extent(value) / 2;
    if (value.is_string()) {
        value = clean_line(value.get<std::string>(), half);
    } else if (value.is_array()) {
        value.erase(value.begin() + static_cast<Json::difference_type>(half), value.end());
    } else {
        auto from = value.begin();
        std::advance(from, half);
        value.erase(from, value.end());
    }
}

/// The largest member of the two that can be shortened; nothing if none can.
Json::iterator largest(Json& entry, Json& ess, bool& found) {
    Json::iterator best;
    std::size_t best_size = least_bytes;
    found = false;
    for (Json* const object : {&entry, &ess}) {
        if (!object->is_object()) continue;
        for (auto member = object->begin(); member != object->end(); ++member) {
            const std::size_t size = size_of(*member);
            if (size <= best_size || !can_be_halved(*member)) continue;
            best = member;
            best_size = size;
            found = true;
        }
    }
    return best;
}

}  // namespace

std::vector<Shortened> fit_line(Json& entry, Json& ess) {
    std::map<std::string, Shortened> shortened;
    bool found = true;
    while (found && size_of(entry) + size_of(ess) + reserve > ledger_line_limit) {
        const auto member = largest(entry, ess, found);
        if (!found) break;
        Shortened& what =
            shortened.try_emplace(member.key(), Shortened{member.key(), 0, extent(*member)}).first->second;
        halve(*member);
        what.kept = extent(*member);
    }
    std::vector<Shortened> list;
    std::vector<std::string> words;
    for (const auto& [field, what] : shortened) {
        list.push_back(what);
        words.push_back(field + " (" + std::to_string(what.kept) + " of " + std::to_string(what.of) + ")");
    }
    if (list.empty()) return list;
    const std::string notes = entry.value("notes", "");
    entry["notes"] =
        notes + (notes.empty() ? "" : " ") + "Shortened to fit a line of the ledger: " + join(words, ", ") + ".";
    return list;
}

}  // namespace ess

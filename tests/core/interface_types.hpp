#pragma once

#include <doctest/doctest.h>

#include <map>
#include <sstream>
#include <string>

#include "base/json.hpp"
#include "core/varlink_interface.hpp"

namespace ess::test {

/// The fields of a struct of the interface: name and type, "?string", "[]Unit".
using Fields = std::map<std::string, std::string>;

/// The text between "(" and ")" that follows `head` in the interface definition.
inline Fields fields_after(const std::string& interface, const std::string& head) {
    const std::size_t at = interface.find(head);
    REQUIRE(at != std::string::npos);
    const std::size_t open = interface.find('(', at + head.size() - 1);
    const std::string body = interface.substr(open + 1, interface.find(')', open) - open - 1);
    Fields fields;
    std::istringstream lines(body);
    for (std::string line; std::getline(lines, line, ',');) {
        const std::size_t colon = line.find(':');
        const std::size_t first = line.find_first_not_of(" \n");
        const std::size_t last = line.find_last_not_of(" \n");
        fields[line.substr(first, colon - first)] = line.substr(colon + 2, last - colon - 1);
    }
    return fields;
}

inline std::string interface() {
    return std::string(emergency_stop_interface().description);
}

inline void check_type(const Json& value, const std::string& type);

/// Every declared field is there with its type, and no other is.
inline void check_struct(const Json& value, const Fields& fields) {
    REQUIRE(value.is_object());
    for (const auto& [name, type] : fields) {
        CAPTURE(name);
        REQUIRE(value.contains(name));
        check_type(value[name], type);
    }
    CHECK(value.size() == fields.size());
}

inline void check_type(const Json& value, const std::string& type) {
    CAPTURE(type);
    if (type.starts_with('?')) {
        if (!value.is_null()) check_type(value, type.substr(1));
    } else if (type.starts_with("[]")) {
        REQUIRE(value.is_array());
        for (const Json& item : value)
            check_type(item, type.substr(2));
    } else if (type == "string") {
        CHECK(value.is_string());
    } else if (type == "bool") {
        CHECK(value.is_boolean());
    } else if (type == "int") {
        CHECK(value.is_number_integer());
    } else if (type == "float") {
        CHECK(value.is_number());
    } else {
        check_struct(value, fields_after(interface(), "type " + type + " ("));
    }
}

}  // namespace ess::test

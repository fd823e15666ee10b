#pragma once

#include <map>
#include <string>

#include "core/unit_facts.hpp"
#include "host/sdbus.hpp"

namespace ess::host {

/// The properties of one object, as org.freedesktop.DBus.Properties.GetAll answers.
using Properties = std::map<std::string, sdbus::Variant>;

/// What the interface of all units tells (org.freedesktop.systemd1(5)); all of it but `fate`, which the kernel knows,
/// and what services alone have.
[[nodiscard]] UnitFacts facts_of(const Properties& unit);
/// And what the services' own tells.
void add_service(const Properties& service, UnitFacts& facts);

}  // namespace ess::host

#pragma once

#include <string>

#include "base/clock.hpp"
#include "core/latch_text.hpp"
#include "essd/recorder.hpp"

namespace ess::essd {

/// The user's name, or the number where there is none. Asks NSS, which may take its time.
[[nodiscard]] std::string name_of(const Requester& who, const Spokesmen& spokesmen);

/// `echo reason > ESS_ON` makes the file first and writes after that: essd is here in between. Not waited for long, and
/// on the writer thread alone, after the stop was begun and the copy written.
void wait_for_content(const std::string& path);

/// Who set the latch, when and why. The file's owner is the kernel's word; only a spokesman's file may name somebody
/// else, and an order of the fleet. A link is not followed, and a file that has a second name is not read: it could be
/// any file of the host, whose content everybody who reads the status would see then.
[[nodiscard]] LatchCopy read_latch(const std::string& path, WallTime since, const Spokesmen& spokesmen);

}  // namespace ess::essd

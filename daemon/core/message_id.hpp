#pragma once

#include <string_view>

namespace ess {

/// Names one kind of event in the journal (sd-id128(3), journalctl MESSAGE_ID=...). The catalog explains each to the
/// reader of `journalctl -x`. Random numbers, made once; never changed and never used again for something else.
struct MessageId {
    std::string_view hex;
};

namespace message_id {

/// The latch was seen and the stop began.
inline constexpr MessageId trip_begun{"99a341f9a1bc4afe800703b83be56969"};
/// Every allowed unit was read back as empty and masked.
inline constexpr MessageId trip_complete{"fafd7b0d66f2406aa1d68a099aee07ad"};
/// The stop ended with a unit that is not empty or not masked.
inline constexpr MessageId trip_partial{"892c267db2874009ab39335328bad3c0"};
/// The latch was released. Nothing was started.
inline constexpr MessageId reset_done{"c88a85a0744d4fbdb2684186705739d0"};
/// A reset was asked for and not done.
inline constexpr MessageId reset_refused{"462272e605a5454289dd763254565792"};
/// The latch was removed by something other than a reset, and was put back.
inline constexpr MessageId latch_relatched{"c776cb90596e4825907ce15bcce61aae"};
/// A unit had processes again while tripped, and was stopped again.
inline constexpr MessageId unit_came_back{"208112dae33d4bcbbc1a9b4c7ec720e5"};
/// The stop is armed and ready.
inline constexpr MessageId armed{"ded642ea0ccc481288ae406615b57b1d"};
/// A stop might fail: the fault is in the fields.
inline constexpr MessageId not_ready{"b7668016c0224447bce14d70fb51f1a7"};
/// An entry is durable in the ledger.
inline constexpr MessageId ledger_entry{"e87ad42962344eb3b1880ae12712c127"};
/// An entry could not be written; it is kept, and appended later.
inline constexpr MessageId ledger_failed{"4f80f1bf06814ed9ae844c2b4bc9b16b"};
/// A signed checkpoint of the ledger: origin, size, root and the note are in the fields.
inline constexpr MessageId ledger_checkpoint{"ada53f49e5b048509b6bfee55c3f48cd"};
/// The trading configuration is another one than before. Critical: outside of the maintenance windows.
inline constexpr MessageId configuration_changed{"15748a30d3c5d85cc733c6a73a250761"};
/// The configuration has faults; the daemon does not start.
inline constexpr MessageId configuration_invalid{"75ba885b03514b92bafdfb574407b623"};
/// The latch was made again from its copy on disk: the host was restarted while tripped.
inline constexpr MessageId latch_restored{"fd9fc3564d0e488fbbbb9b6b7eb59c38"};
/// The connection to the system bus is gone.
inline constexpr MessageId bus_lost{"4a1df525312f49f68b0a94d801d2e6a2"};
/// A drill of the stop has ended: the message says how it went.
inline constexpr MessageId drill_done{"11159ae871e0a2647884864bcd5320c2"};
/// quantum-ess-fleet: the fleet orders a stop.
inline constexpr MessageId fleet_trip{"be00fd685c8a48358104bcc6c6e349b9"};
/// quantum-ess-fleet: the host is cut off from its fleet. Critical: and trips for it.
inline constexpr MessageId fleet_lost{"b23d7b92e60c475fa5c0bc336b3dbe57"};
/// quantum-ess-fleet: the host is in contact with its fleet again.
inline constexpr MessageId fleet_found{"da0b98f766144f2d8addcba25a7b415e"};
/// quantum-ess-fleet: an operator asks for this host's reset through the fleet.
inline constexpr MessageId fleet_reset{"ea04f0e896e84a298308b04824eed978"};

}  // namespace message_id

}  // namespace ess

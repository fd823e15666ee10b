#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"

namespace ess {

/// The time axis of a picture: logarithmic, and with a zero all the same, so that 0.5 ms and 2 s are both seen. Its
/// unit is that of the picture.
class TimeAxis {
  public:
    /// From 0 at `left` to `last` at `right`.
    TimeAxis(Micros last, double left, double right);

    [[nodiscard]] double at(Micros time) const;

    struct Tick {
        Micros time{};
        std::string label;  ///< "0", "10 ms", "1 s"
    };
    /// Zero and the powers of ten from 1 ms on, at least `apart` from each other.
    [[nodiscard]] std::vector<Tick> ticks(double apart) const;

  private:
    Micros last_;
    double left_;
    double scale_;
};

/// A label that wants to stand with its middle at a place.
struct PlacedLabel {
    double at = 0;
    double width = 0;
};

/// Where the labels' middles go so that none overlaps the next (`gap` apart) and all lie between `left` and `right`,
/// each as near as can be to where it wants to be. They come and go in the order of their places. What has no room at
/// all sticks out on the right.
[[nodiscard]] std::vector<double> spread_labels(const std::vector<PlacedLabel>& labels, double left, double right,
                                                double gap);

/// A time as it stands beside a mark: "0.05", "1000.6" (milliseconds), from 100 s on "123 s".
[[nodiscard]] std::string mark_text(Micros time);

}  // namespace ess

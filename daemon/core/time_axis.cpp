#include "core/time_axis.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>

namespace ess {

namespace {

/// Below it the axis is nearly linear: what is shorter matters to nobody.
constexpr double knee_us = 100.0;
constexpr Micros first_tick{1000};
constexpr int base = 10;

double height_of(Micros time) {
    return std::log10(1.0 + static_cast<double>(time.count()) / knee_us);
}

std::string tick_label(Micros time) {
    const auto ms = time.count() / 1000;
    return ms < 1000 ? std::to_string(ms) + " ms" : std::to_string(ms / 1000) + " s";
}

/// Labels that push each other: they move as one.
struct Block {
    double sum = 0;  ///< of where they want the block to be
    std::size_t count = 0;
    [[nodiscard]] double mean() const { return sum / static_cast<double>(count); }
};

}  // namespace

TimeAxis::TimeAxis(Micros last, double left, double right)
    : last_(std::max(last, first_tick)), left_(left), scale_((right - left) / height_of(last_)) {}

double TimeAxis::at(Micros time) const {
    return left_ + scale_ * height_of(std::clamp(time, Micros(0), last_));
}

std::vector<TimeAxis::Tick> TimeAxis::ticks(double apart) const {
    std::vector<Tick> ticks{{Micros(0), "0"}};
    for (Micros time = first_tick; time <= last_; time *= base) {
        if (at(time) - at(ticks.back().time) >= apart) ticks.push_back({time, tick_label(time)});
    }
    return ticks;
}

std::vector<double> spread_labels(const std::vector<PlacedLabel>& labels, double left, double right, double gap) {
    if (labels.empty()) return {};
    // A label's distance from the first one if all touch. Less that, their places must not decrease: the isotonic
    // regression of where they want to be, by pooling neighbours that do not.
    std::vector<double> distance{0.0};
    for (std::size_t i = 1; i < labels.size(); ++i)
        distance.push_back(distance.back() + (labels[i - 1].width + labels[i].width) / 2 + gap);
    std::vector<Block> blocks;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        blocks.push_back({labels[i].at - distance[i], 1});
        while (blocks.size() > 1 && blocks[blocks.size() - 2].mean() > blocks.back().mean()) {
            const Block last = blocks.back();
            blocks.pop_back();
            blocks.back().sum += last.sum;
            blocks.back().count += last.count;
        }
    }
    const double least = left + labels.front().width / 2;
    const double most = std::max(least, right - labels.back().width / 2 - distance.back());
    std::vector<double> places;
    for (const Block& block : blocks) {
        for (std::size_t i = 0; i < block.count; ++i)
            places.push_back(std::clamp(block.mean(), least, most) + distance[places.size()]);
    }
    return places;
}

std::string mark_text(Micros time) {
    constexpr Micros long_time = std::chrono::seconds(100);
    if (time >= long_time) return std::to_string(std::chrono::round<std::chrono::seconds>(time).count()) + " s";
    if (time >= std::chrono::milliseconds(1)) return to_ms_text(time);
    std::array<char, 16> text{};
    static_cast<void>(std::snprintf(text.data(), text.size(), "%.2f", static_cast<double>(time.count()) / 1000.0));
    return text.data();
}

}  // namespace ess

#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.hpp"

namespace ess {

/// Writes metric families in Prometheus' text format, one after the other: begin(), then its samples. A family without
/// any is left out.
class MetricFamilies {
  public:
    struct Label {
        std::string_view name;
        std::string_view value;
    };
    using Labels = std::initializer_list<Label>;
    enum class Type { Counter, Gauge, Histogram };

    /// The name goes without the prefix of all of ours, "quantum_ess_".
    void begin(std::string_view name, Type type, std::string_view help);
    void sample(std::uint64_t value, Labels labels = {}) { line("", std::to_string(value), labels); }
    void seconds(Micros value, Labels labels = {});
    void time(WallTime value, Labels labels = {}) { seconds(value.time_since_epoch(), labels); }
    /// One line of a histogram: `part` is "_bucket", "_sum" or "_count".
    void histogram_line(std::string_view part, const std::string& value, Labels labels = {}) {
        line(part, value, labels);
    }

    [[nodiscard]] std::string take() { return std::move(text_); }

  private:
    void line(std::string_view part, std::string_view value, Labels labels);

    std::string text_;
    std::string name_;
    std::string head_;  ///< of the family that has no sample yet
};

/// Seconds with as many decimals as are needed: "1.5", "0.000001".
[[nodiscard]] std::string to_seconds_text(Micros span);

}  // namespace ess

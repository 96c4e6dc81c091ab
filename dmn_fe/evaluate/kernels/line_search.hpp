// Line search on the incremental energy, for the points in the lanes.
#pragma once

#include "lanes.hpp"

namespace dmn {

constexpr double overshoot = 0.5;          // slope, relative to that at the start, that is too steep
constexpr double slope_round_off = 1e-10;  // slope relative to |σ||Δε| that tells nothing
constexpr int max_search = 20;             // steps that are tried along one direction

// Bracketing by regula falsi (Illinois variant): for convex energies the slope rises along Newton's
// direction, from below zero at step 0.
class LineSearch {
  public:
    Real step = splat(0.0);  // along the direction

    // Which points must try another step: those whose trial told nothing, and those whose energy
    // rises beyond its minimum, as far as its slope there is more than round-off.
    DMN_FN Mask rejects(const Mask& useless, const Real& slope, const Real& scale) const {
        const Mask sloping = start_slope_ < -slope_round_off * scale * sqrt(size_);
        const Real limit = overshoot * abs(start_slope_);
        const Mask steep = sloping & ((slope > limit) | (searching_ & (slope < -limit)));
        return (useless | steep) & (tries_ < double(max_search));
    }

    // Next steps: between the ends of the bracket of points that reject the last one, whole of those
    // that accept it.
    DMN_FN void advance(const Mask& reject, const Mask& accept, const Mask& useless,
                        const Real& slope) {
        bracket(reject, useless, slope);
        const Real between =
            select(useless, 0.5 * (low_ + step),
                   (low_ * slope_high_ - high_ * slope_low_) / (slope_high_ - slope_low_));
        step = select(reject, between, select(accept, splat(1.0), step));
        tries_ = select(reject, tries_ + 1.0, splat(0.0));
        searching_ = reject;
    }

    // Notes the slope at the start of new directions, and the square of their size.
    DMN_FN void begin(const Mask& accept, const Mask& fresh, const Real& slope,
                      const Real& squares) {
        start_slope_ = select(accept, slope, select(fresh, splat(0.0), start_slope_));
        size_ = select(accept, squares, size_);
    }

  private:
    // Ends of the bracket in which the slope changes its sign.
    DMN_FN void bracket(const Mask& reject, const Mask& useless, const Real& slope) {
        const Mask first = reject & is_not(searching_), later = reject & searching_;
        low_ = select(first, splat(0.0), low_);
        slope_low_ = select(first, start_slope_, slope_low_);
        // Where the trial told nothing its slope is taken to be as steep as the start.
        const Real found = select(useless, abs(start_slope_) + 1e-300, slope);
        const Mask rising = found > 0.0;
        // Halving the slope of the end that is kept draws the next trial to it.
        slope_low_ = select(later & rising, 0.5 * slope_low_, slope_low_);
        slope_high_ = select(later & is_not(rising), 0.5 * slope_high_, slope_high_);
        slope_high_ = select(reject & (rising | first), found, slope_high_);
        high_ = select(reject & (rising | first), step, high_);
        slope_low_ = select(later & is_not(rising), found, slope_low_);
        low_ = select(later & is_not(rising), step, low_);
    }

    Real low_ = splat(0.0), high_ = splat(0.0);
    Real slope_low_ = splat(0.0), slope_high_ = splat(0.0);
    Real start_slope_ = splat(0.0), size_ = splat(0.0), tries_ = splat(0.0);
    Mask searching_ = no_lane();
};

}  // namespace dmn

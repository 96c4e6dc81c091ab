// What a pass up the tree tells of the points.
#pragma once

#include "laws/law.hpp"
#include "network.hpp"
#include "stored.hpp"

namespace dmn {

struct Findings {
    Real residual;  // largest traction out of balance, relative to the stress
    Real slope;     // of the incremental energy along the last direction
    Real scale;     // root mean square of the leaf stresses
    Outcome outcome;
};

// Sums over the tree.
class Gathered {
  public:
    DMN_FN void leaf(double share, const Real* stress, const Outcome& outcome) {
        squares_ = squares_ + share * square(stress);
        outcome_.elastic = outcome_.elastic & outcome.elastic;
        outcome_.failed = outcome_.failed | outcome.failed;
    }

    // A laminate counts by √(share f1 f2), as in the energy that the iteration lowers.
    DMN_FN void laminate(const Interface& at, const Real* imbalance, const Stored* direction) {
        Real square = splat(0.0), work = splat(0.0);
        DMN_UNROLL
        for (int r = 0; r < 3; ++r) {
            square = square + imbalance[r] * imbalance[r];
            work = work + imbalance[r] * direction[r];
        }
        // Written so that what is not a number stays.
        largest_ = select(at.weight * square <= largest_, largest_, at.weight * square);
        slope_ = slope_ - at.weight * work;
    }

    DMN_FN bool none_elastic() const { return !any(outcome_.elastic); }

    DMN_FN Findings findings(const Real& least_scale) const {
        const Real scale = maximum(sqrt(squares_), least_scale);
        // Not a number where the squares are out of range.
        const Real residual =
            sqrt(largest_) / select(scale > 0.0, scale, splat(1.0)) + (scale - scale);
        return {residual, slope_, scale, outcome_};
    }

  private:
    Real largest_ = splat(0.0), slope_ = splat(0.0), squares_ = splat(0.0);
    Outcome outcome_ = {every_lane(), no_lane()};
};

}  // namespace dmn

// Many points: an elastic attempt for all, then Newton's iteration for those that need it.
#pragma once

#include "line_search.hpp"
#include "point_lanes.hpp"

namespace dmn {

template <class Laws>
class PointSolver : PointLanes<Laws> {
    typedef PointLanes<Laws> Lanes;
    using Lanes::batch_;
    using Lanes::least_;
    using Lanes::network_;
    using Lanes::solver_;
    using Lanes::step_;
    using Lanes::strain_;
    using Lanes::unknowns_;

  public:
    DMN_FN PointSolver(const Network& network, const double* parameters, const Batch& batch,
                       Stored* work)
        : Lanes(network, parameters, batch, work) {}

    // Points first … first + count − 1, at most one a lane, as if nothing yields. Sets `open` for
    // those that are not finished.
    DMN_LARGE void elastic(long first, int count, bool* open) {
        if (!solver_.may_stay_elastic()) {
            for (int l = 0; l < count; ++l) open[l] = true;
            return;
        }
        this->load_all(first, count);
        this->predict(every_lane());
        solver_.down_without_change(strain_);
        const auto found = solver_.up_elastic(step_, least_);
        const Mask done = (found.residual <= batch_.tolerance) & found.outcome.elastic &
                          is_not(found.outcome.failed);
        for (int l = 0; l < count; ++l) {
            open[l] = !lane(done, l);
            if (open[l]) continue;
            const long point = first + l;
            batch_.tangent.write(
                point, [&](int i, int j) { return network_.elastic_tangent[6 * i + j]; });
            this->store(point, l, converged, 1, 0.0, nullptr);
        }
    }

    // Newton's iteration of the points in the slots that are left; where `target` holds strains,
    // with these.
    template <class Source>
    DMN_LARGE void newton(const long* points, Source& slots, const Target& target) {
        Mask active = no_lane();
        long slot[DMN_LANES];
        for (int l = 0; l < DMN_LANES; ++l) {
            slot[l] = slots.take();
            if (slot[l] < 0) continue;  // stays idle
            take(points, target, slot[l], l);
            set_lane(active, l, true);
        }
        if (!any(active)) return;
        Mask fresh = active;
        Real passes = splat(0.0);
        LineSearch search;
        this->predict(fresh);
        solver_.down_without_change(strain_);
        while (true) {
            const auto found = solver_.up(step_, least_);
            passes = passes + 1.0;
            const Mask useless = is_not(finite(found.residual)) | found.outcome.failed;
            const Mask solved = (found.residual <= batch_.tolerance) & is_not(found.outcome.failed);
            const Mask reject = is_not(fresh) & is_not(solved) &
                                search.rejects(useless, found.slope, found.scale);
            const Mask over = solved | (useless & is_not(reject)) |
                              (passes >= double(batch_.max_iterations));
            const Mask finished = active & over;
            for (int l = 0; l < DMN_LANES && any(finished); ++l) {
                if (!lane(finished, l)) continue;
                const signed char status = lane(solved, l)                  ? converged
                                           : lane(finite(found.residual), l) ? too_many_iterations
                                                                             : not_finite;
                finish(points, target, slot[l], l, status, lane(passes, l), lane(search.step, l));
                set_lane(active, l, false);
            }
            const Mask accept = active & is_not(reject);
            const Real taken = search.step;
            search.advance(reject, accept, useless, found.slope);
            fresh = no_lane();
            for (int l = 0; l < DMN_LANES && any(finished); ++l) {
                if (!lane(finished, l)) continue;
                slot[l] = slots.take();
                if (slot[l] < 0) continue;
                take(points, target, slot[l], l);
                set_lane(active, l, true);
                set_lane(fresh, l, true);
                set_lane(passes, l, 0.0);
                set_lane(search.step, l, 0.0);
            }
            if (!any(active)) return;
            if (any(fresh)) this->predict(fresh);
            Real slope, squares;
            solver_.down(strain_, accept, taken, search.step, slope, squares);
            search.begin(accept, fresh, slope, squares);
        }
    }

  private:
    DMN_FN void take(const long* points, const Target& target, long slot, int l) {
        if (target.strain)
            this->load(points[slot], l, target.strain + 6 * slot, target.jumps + unknowns_ * slot);
        else this->load(points[slot], l, batch_.strain + 6 * points[slot], nullptr);
    }

    DMN_FN void finish(const long* points, const Target& target, long slot, int l,
                       signed char status, double passes, double t) {
        const long point = points[slot];
        batch_.tangent.write(point,
                             [&](int i, int j) { return lane(solver_.tangent(i, j), l); });
        this->store(point, l, status, int(passes), t,
              target.strain ? target.jumps + unknowns_ * slot : nullptr);
        // The next point in this lane begins with no step along it, but none is not a number.
        if (status != converged)
            for (int j = 0; j < unknowns_; ++j) set_lane(solver_.direction()[j], l, 0.0);
    }
};

}  // namespace dmn

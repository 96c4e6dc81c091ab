// Many points: an elastic attempt for all, then Newton's iteration for those that need it.
#pragma once

#include "solver.hpp"

namespace dmn {

constexpr signed char converged = 0, too_many_iterations = 1, not_finite = 2;  // laws.Status

// History of the points: of point i the entry k lies at i · point_stride + k · entry_stride.
//
// With a warm start the strain of the point (6) and the jumps of its laminates [leaves − 1, 3] come
// first; the history of the leaves follows.
struct History {
    const void* old;
    void* updated;
    long point_stride, entry_stride;
    int single;  // whether the numbers are float, not double

    // Calls f(k, value) for the entries first … first + count − 1 of a point's committed history.
    template <class F>
    DMN_FN void read(long point, long first, long count, const F& f) const {
        const long start = point * point_stride + first * entry_stride;
        if (single) each(static_cast<const float*>(old) + start, count, f);
        else each(static_cast<const double*>(old) + start, count, f);
    }

    // A point's committed history where its entries are doubles side by side, else null.
    DMN_FN const double* row(long point) const {
        if (single || entry_stride != 1) return nullptr;
        return static_cast<const double*>(old) + point * point_stride;
    }

    // Writes f(k) to the entries of a point's new history.
    template <class F>
    DMN_FN void write(long point, long first, long count, const F& f) const {
        const long start = point * point_stride + first * entry_stride;
        if (single) fill(static_cast<float*>(updated) + start, count, f);
        else fill(static_cast<double*>(updated) + start, count, f);
    }

  private:
    template <class Number, class F>
    DMN_FN void each(const Number* start, long count, const F& f) const {
        if (entry_stride == 1)
            for (long k = 0; k < count; ++k) f(k, start[k]);
        else
            for (long k = 0; k < count; ++k) f(k, start[k * entry_stride]);
    }
    template <class Number, class F>
    DMN_FN void fill(Number* start, long count, const F& f) const {
        if (entry_stride == 1)
            for (long k = 0; k < count; ++k) start[k] = static_cast<Number>(f(k));
        else
            for (long k = 0; k < count; ++k) start[k * entry_stride] = static_cast<Number>(f(k));
    }
};

// Tangents of the points, placed as the entries of History: all 36 entries of a point, row by row,
// or, packed, those of the upper triangle.
struct Tangents {
    double* numbers;
    long point_stride, entry_stride;
    int packed;

    // Writes f(i, j) to the entries of a point.
    template <class F>
    DMN_FN void write(long point, const F& f) const {
        double* next = numbers + point * point_stride;
        for (int i = 0; i < 6; ++i)
            for (int j = packed ? i : 0; j < 6; ++j, next += entry_stride) *next = f(i, j);
    }
};

struct Batch {
    const double* strain;       // [n, 6]
    const double* temperature;  // [n], or null
    History history;
    double* stress;             // [n, 6]
    Tangents tangent;
    signed char* status;        // [n]
    int* iterations;            // [n]: passes over the tree
    double dt, tolerance;
    double no_stress;           // stress per strain that is round-off, where there are voids; else 0
    int max_iterations;
    int warm_start;
};

// Strains and start jumps of some points, instead of those of the batch; the jumps are returned.
struct Target {
    double* strain;  // [., 6], or null
    double* jumps;   // [., leaves − 1, 3]
};

// Gives the slots 0 … count − 1 one after the other, then −1. On a GPU threads share one.
class Slots {
  public:
    DMN_FN explicit Slots(long count) : count_(count) {}
    DMN_FN long take() { return next_ < count_ ? next_++ : -1; }

  private:
    long next_ = 0, count_;
};

template <class Laws>
class PointSolver {
  public:
    DMN_FN PointSolver(const Network& network, const double* parameters, const Batch& batch,
                       Stored* work)
        : network_(network), batch_(batch), solver_(network, parameters, batch.dt, work) {
        unknowns_ = 3 * (network.leaf_count - 1);
        leading_ = batch.warm_start ? 6 + unknowns_ : 0;
        step_.dt = batch.dt;
        step_.temperature = splat(0.0);
        least_ = splat(0.0);
        for (int i = 0; i < 6; ++i) strain_[i] = change_[i] = splat(0.0);
        // No step is taken along the first direction, but what is not a number would stay.
        for (int j = 0; j < unknowns_; ++j) solver_.direction()[j] = splat(0.0);
    }

    // Points first … first + count − 1, at most one a lane, as if nothing yields. Sets `open` for
    // those that are not finished.
    DMN_LARGE void elastic(long first, int count, bool* open) {
        load_all(first, count);
        predict(every_lane());
        solver_.down_without_change(strain_);
        const auto found = solver_.up_stress(step_, least_);
        const Mask done = (found.residual <= batch_.tolerance) & found.outcome.elastic;
        for (int l = 0; l < count; ++l) {
            open[l] = !lane(done, l);
            if (open[l]) continue;
            const long point = first + l;
            batch_.tangent.write(
                point, [&](int i, int j) { return network_.elastic_tangent[6 * i + j]; });
            store(point, l, converged, 1, 0.0, nullptr);
        }
    }

    // Newton's iteration of the points in the slots that are left; where `target` holds strains,
    // with these.
    template <class Source>
    DMN_LARGE void newton(const long* points, Source& slots, const Target& target) {
        const Real zero = splat(0.0), one = splat(1.0);
        Real t = zero, low = zero, high = zero, slope_low = zero, slope_high = zero;
        Real start_slope = zero, size = zero, passes = zero, tries = zero;
        Mask active = no_lane(), fresh = no_lane(), searching = no_lane();
        long slot[DMN_LANES];
        for (int l = 0; l < DMN_LANES; ++l) {
            slot[l] = slots.take();
            if (slot[l] < 0) continue;  // stays idle
            take(points, target, slot[l], l);
            set_lane(active, l, true);
        }
        if (!any(active)) return;
        fresh = active;
        predict(fresh);
        solver_.down_without_change(strain_);
        while (true) {
            const auto found = solver_.up(step_, least_);
            passes = passes + 1.0;
            const Mask useless = is_not(finite(found.residual)) | found.outcome.failed;
            const Mask solved = (found.residual <= batch_.tolerance) & is_not(found.outcome.failed);
            // A slope is only of use where it is more than round-off.
            const Mask sloping = start_slope < -slope_round_off * found.scale * sqrt(size);
            const Real limit = overshoot * abs(start_slope);
            const Mask steep =
                sloping & ((found.slope > limit) | (searching & (found.slope < -limit)));
            const Mask reject =
                is_not(fresh) & is_not(solved) & (useless | steep) & (tries < double(max_search));
            const Mask over = solved | (useless & is_not(reject)) |
                              (passes >= double(batch_.max_iterations));
            const Mask finished = active & over;
            if (any(finished)) {
                for (int l = 0; l < DMN_LANES; ++l) {
                    if (!lane(finished, l)) continue;
                    const signed char status = lane(solved, l) ? converged
                                               : lane(found.outcome.failed, l) ||
                                                       lane(finite(found.residual), l)
                                                   ? too_many_iterations
                                                   : not_finite;
                    finish(points, target, slot[l], l, status, lane(passes, l), lane(t, l));
                    set_lane(active, l, false);
                }
            }
            const Mask accept = active & is_not(reject);
            bracket(reject, searching, found.slope, useless, start_slope, t, low, high, slope_low,
                    slope_high);
            const Real interpolated =
                (low * slope_high - high * slope_low) / (slope_high - slope_low);
            const Real taken = t;
            t = select(reject, interpolated, select(accept, one, t));
            tries = select(reject, tries + 1.0, zero);
            searching = reject;
            fresh = no_lane();
            if (any(finished)) {
                for (int l = 0; l < DMN_LANES; ++l) {
                    if (!lane(finished, l)) continue;
                    slot[l] = slots.take();
                    if (slot[l] < 0) continue;
                    take(points, target, slot[l], l);
                    set_lane(active, l, true);
                    set_lane(fresh, l, true);
                    set_lane(passes, l, 0.0);
                    set_lane(t, l, 0.0);
                }
            }
            if (!any(active)) return;
            if (any(fresh)) predict(fresh);
            Real slope, squares;
            solver_.down(strain_, accept, taken, t, slope, squares);
            start_slope = select(accept, slope, select(fresh, zero, start_slope));
            size = select(accept, squares, size);
        }
    }

  private:
    // Ends of the bracket in which the slope of the energy changes its sign.
    DMN_FN void bracket(const Mask& reject, const Mask& searching, const Real& slope,
                        const Mask& useless, const Real& start_slope, const Real& t, Real& low,
                        Real& high, Real& slope_low, Real& slope_high) {
        const Mask first = reject & is_not(searching), later = reject & searching;
        low = select(first, splat(0.0), low);
        slope_low = select(first, start_slope, slope_low);
        // Where the trial told nothing its slope is taken to be as steep as the start.
        const Real found = select(useless, abs(start_slope) + 1e-300, slope);
        const Mask rising = found > 0.0;
        // Halving the slope of the end that is kept draws the next trial to it (Illinois variant).
        slope_low = select(later & rising, 0.5 * slope_low, slope_low);
        slope_high = select(later & is_not(rising), 0.5 * slope_high, slope_high);
        slope_high = select(reject & (rising | first), found, slope_high);
        high = select(reject & (rising | first), t, high);
        slope_low = select(later & is_not(rising), found, slope_low);
        low = select(later & is_not(rising), t, low);
    }

    DMN_FN void take(const long* points, const Target& target, long slot, int l) {
        if (target.strain)
            load(points[slot], l, target.strain + 6 * slot, target.jumps + unknowns_ * slot);
        else load(points[slot], l, batch_.strain + 6 * points[slot], nullptr);
    }

    // Puts a point into a lane; without jumps, those of its history.
    DMN_LARGE void load(long point, int l, const double* strain, const double* jumps) {
        Stored *base = solver_.base(), *old = solver_.old_state();
        for (int i = 0; i < 6; ++i) {
            set_lane(strain_[i], l, strain[i]);
            set_lane(change_[i], l, jumps ? 0.0 : strain[i]);
        }
        if (jumps) {
            for (int j = 0; j < unknowns_; ++j) set_lane(base[j], l, jumps[j]);
        } else if (leading_) {
            batch_.history.read(point, 0, 6, [&](long i, double before) {
                set_lane(change_[i], l, strain[i] - before);
            });
            batch_.history.read(point, 6, unknowns_,
                                [&](long j, double jump) { set_lane(base[j], l, jump); });
        } else {
            for (int j = 0; j < unknowns_; ++j) set_lane(base[j], l, 0.0);
        }
        batch_.history.read(point, leading_, network_.state_size,
                            [&](long k, double entry) { set_lane(old[k], l, entry); });
        if (batch_.temperature) set_lane(step_.temperature, l, batch_.temperature[point]);
    }

    // Puts points first … first + count − 1 into the lanes, the first into those that are left.
    DMN_LARGE void load_all(long first, int count) {
        const double* rows[DMN_LANES];
        bool direct = DMN_LANES > 1;
        for (int l = 0; l < DMN_LANES; ++l) {
            rows[l] = batch_.history.row(first + (l < count ? l : 0));
            direct = direct && rows[l];
        }
        if (!direct) {
            for (int l = 0; l < DMN_LANES; ++l) {
                const long point = first + (l < count ? l : 0);
                load(point, l, batch_.strain + 6 * point, nullptr);
            }
            return;
        }
        // All lanes of a number at once: one write instead of many.
        const auto entry = [&](long k) {
            Real numbers;
            DMN_UNROLL
            for (int l = 0; l < DMN_LANES; ++l) set_lane(numbers, l, rows[l][k]);
            return numbers;
        };
        for (int l = 0; l < DMN_LANES; ++l) {
            const long point = first + (l < count ? l : 0);
            for (int i = 0; i < 6; ++i) set_lane(strain_[i], l, batch_.strain[6 * point + i]);
            if (batch_.temperature) set_lane(step_.temperature, l, batch_.temperature[point]);
        }
        for (int i = 0; i < 6; ++i) change_[i] = leading_ ? strain_[i] - entry(i) : strain_[i];
        Stored *base = solver_.base(), *old = solver_.old_state();
        for (int j = 0; j < unknowns_; ++j) base[j] = leading_ ? entry(6 + j) : splat(0.0);
        for (int k = 0; k < network_.state_size; ++k) old[k] = entry(leading_ + k);
    }

    // Moves the jumps of points that were just loaded as those of the virgin network would move.
    DMN_LARGE void predict(const Mask& loaded) {
        Real change[6];
        for (int i = 0; i < 6; ++i) change[i] = select(loaded, change_[i], splat(0.0));
        Stored* base = solver_.base();
        for (int j = 0; j < unknowns_; ++j) {
            const double* row = network_.elastic_jumps + 6 * j;
            Real jump = base[j];
            DMN_UNROLL
            for (int i = 0; i < 6; ++i) jump = jump + row[i] * change[i];
            base[j] = jump;
        }
        if (batch_.no_stress > 0.0)
            least_ = select(loaded, batch_.no_stress * leaf_strain_size(), least_);
    }

    // Root mean square of the leaf strains: of the macroscopic strain and of the jumps.
    DMN_FN Real leaf_strain_size() {
        Real sum = splat(0.0);
        for (int i = 0; i < 6; ++i) sum = sum + strain_[i] * strain_[i];
        for (int j = 0; j < network_.leaf_count - 1; ++j) {
            const Interface& at = network_.interfaces[j];
            Real square = splat(0.0), normal = splat(0.0);
            for (int r = 0; r < 3; ++r) {
                const Real jump = solver_.base()[3 * j + r];
                square = square + jump * jump;
                normal = normal + at.n[r] * jump;
            }
            sum = sum + (0.5 * at.weight) * (square + normal * normal);
        }
        return sqrt(sum);
    }

    DMN_FN void finish(const long* points, const Target& target, long slot, int l,
                       signed char status, double passes, double t) {
        const long point = points[slot];
        batch_.tangent.write(point,
                             [&](int i, int j) { return lane(solver_.tangent(i, j), l); });
        store(point, l, status, int(passes), t,
              target.strain ? target.jumps + unknowns_ * slot : nullptr);
        // The next point in this lane begins with no step along it, but none is not a number.
        if (status != converged)
            for (int j = 0; j < unknowns_; ++j) set_lane(solver_.direction()[j], l, 0.0);
    }

    DMN_LARGE void store(long point, int l, signed char status, int passes, double t, double* jumps) {
        batch_.status[point] = status;
        batch_.iterations[point] += passes;
        for (int i = 0; i < 6; ++i) batch_.stress[6 * point + i] = lane(solver_.stress()[i], l);
        const Stored *base = solver_.base(), *direction = solver_.direction();
        const auto jump = [&](long j) { return lane(base[j], l) + t * lane(direction[j], l); };
        if (jumps)
            for (int j = 0; j < unknowns_; ++j) jumps[j] = jump(j);
        if (leading_) {
            batch_.history.write(point, 0, 6, [&](long i) { return lane(strain_[i], l); });
            batch_.history.write(point, 6, unknowns_, jump);
        }
        const Stored* updated = solver_.updated_state();
        batch_.history.write(point, leading_, network_.state_size,
                             [&](long k) { return lane(updated[k], l); });
    }

    Network network_;
    Batch batch_;
    Solver<Laws> solver_;
    int unknowns_, leading_;
    Step step_;
    Real strain_[6], change_[6], least_;
};

}  // namespace dmn

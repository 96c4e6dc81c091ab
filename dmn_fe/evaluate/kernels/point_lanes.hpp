// Points in the lanes of a solver: taken from a batch, and written back.
#pragma once

#include "batch.hpp"
#include "solver.hpp"

namespace dmn {

template <class Laws>
class PointLanes {
  protected:
    DMN_FN PointLanes(const Network& network, const double* parameters, const Batch& batch,
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
    Real strain_[6], least_;

  private:
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

    Real change_[6];
};

}  // namespace dmn

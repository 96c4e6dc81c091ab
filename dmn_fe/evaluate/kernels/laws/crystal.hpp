// A face-centred cubic crystal by backward Euler. Equations and line search:
// dmn_fe/laws/crystal_step.py.
#pragma once

#include "j2.hpp"
#include "power.hpp"

namespace dmn {

template <class Hardening, bool is_symmetric>
struct CrystalPlasticity {
    static constexpr int state_size = 7;  // plastic strain, accumulated slip
    static constexpr int systems = 12;
    static constexpr int parameter_count = 5 + 5 * systems + Hardening::parameter_count;
    static constexpr bool symmetric = is_symmetric;
    static constexpr bool gives_tangent = true;
    double bulk, compliance[5], exponent, rate;  // `rate` is that of slip times the time step
    const double* schmid;                        // [systems, 5]
    Hardening hardening;

    DMN_FN CrystalPlasticity(const double* p, double dt)
        : bulk((p[0] + 2.0 * p[1]) / 3.0), exponent(p[4]), rate(dt * p[3]), schmid(p + 5),
          hardening(p + 5 + 5 * systems) {
        for (int i = 0; i < 5; ++i) compliance[i] = i < 2 ? 1.0 / (p[0] - p[1]) : 0.5 / p[2];
    }

    DMN_FN bool may_stay_elastic() const { return rate == 0.0; }

    DMN_FN Outcome respond(const Real* strain, const Real* old, const Step&, Real* stress,
                           Real* updated) const {
        At at;
        return solve(strain, old, stress, updated, at);
    }

    template <class S>
    DMN_FN Outcome respond_with_tangent(const Real* strain, const Real* old, const Step&,
                                        Real* stress, S& tangent, Real* updated) const {
        At at;
        const Outcome outcome = solve(strain, old, stress, updated, at);
        // M⁻¹ of the deviators with Γ eliminated (Sherman & Morrison).
        at.factorise();
        Real by_slip[5], inverse[5][5], share = at.rise;
        for (int i = 0; i < 5; ++i) by_slip[i] = at.hardened[i];
        at.solve(by_slip);
        for (int i = 0; i < 5; ++i) share = share - at.slips[i] * by_slip[i];
        for (int j = 0; j < 5; ++j) {
            Real column[5], along = splat(0.0);
            for (int i = 0; i < 5; ++i) column[i] = splat(i == j ? 1.0 : 0.0);
            at.solve(column);
            for (int i = 0; i < 5; ++i) along = along + at.slips[i] * column[i];
            for (int i = 0; i < 5; ++i) inverse[i][j] = column[i] + by_slip[i] * along / share;
        }
        for (int i = 0; i < 6; ++i)
            for (int j = S::is_symmetric ? i : 0; j < 6; ++j) {
                Real entry = splat(i < 3 && j < 3 ? bulk : 0.0);
                for (int a = 0; a < 5; ++a)
                    for (int b = 0; b < 5; ++b)
                        if (basis(a, i) != 0.0 && basis(b, j) != 0.0)
                            entry = entry + basis(a, i) * basis(b, j) * inverse[a][b];
                tangent.entry[S::place(i, j)] = entry;
            }
        return outcome;
    }

  private:
    static constexpr int halvings = 40;
    static constexpr double tolerance = 1e-10;

    // Basis of the deviators, dmn_fe/laws/slip.py.
    static DMN_FN double basis(int a, int i) {
        const double r2 = 0.70710678118654752, r6 = 0.40824829046386302;
        if (a == 0) return i == 0 ? r2 : i == 1 ? -r2 : 0.0;
        if (a == 1) return i == 2 ? 2.0 * r6 : i < 2 ? -r6 : 0.0;
        return i == a + 1 ? 1.0 : 0.0;
    }

    // A stress deviator and increment of Γ, their residuals and linearisation.
    struct At {
        Real stress[5], increment;
        Real flow[5], strain[5], slip, norm;
        Real matrix[5][5], hardened[5], slips[5], rise;
        Real factor[5][5];  // Cholesky's, with inverse diagonal

        DMN_FN void choose(const Mask& where, const At& other) {
            for (int i = 0; i < 5; ++i) {
                stress[i] = select(where, other.stress[i], stress[i]);
                flow[i] = select(where, other.flow[i], flow[i]);
                strain[i] = select(where, other.strain[i], strain[i]);
                hardened[i] = select(where, other.hardened[i], hardened[i]);
                slips[i] = select(where, other.slips[i], slips[i]);
                for (int j = 0; j <= i; ++j)
                    matrix[i][j] = select(where, other.matrix[i][j], matrix[i][j]);
            }
            increment = select(where, other.increment, increment);
            slip = select(where, other.slip, slip);
            norm = select(where, other.norm, norm);
            rise = select(where, other.rise, rise);
        }
        DMN_FN void factorise() {
            for (int j = 0; j < 5; ++j)
                for (int i = j; i < 5; ++i) {
                    Real sum = matrix[i][j];
                    for (int k = 0; k < j; ++k) sum = sum - factor[i][k] * factor[j][k];
                    factor[i][j] = i == j ? 1.0 / sqrt(sum) : sum * factor[j][j];
                }
        }
        DMN_FN void solve(Real* x) const {
            for (int i = 0; i < 5; ++i) {
                for (int k = 0; k < i; ++k) x[i] = x[i] - factor[i][k] * x[k];
                x[i] = x[i] * factor[i][i];
            }
            for (int i = 4; i >= 0; --i) {
                for (int k = i + 1; k < 5; ++k) x[i] = x[i] - factor[k][i] * x[k];
                x[i] = x[i] * factor[i][i];
            }
        }
    };

    DMN_LARGE void evaluate(const Real* trial, const Real& slipped, At& at) const {
        Real resistance, slope;
        hardening(slipped + at.increment, resistance, slope);
        const Real zero = splat(0.0);
        Real total = zero;
        for (int i = 0; i < 5; ++i) {
            at.flow[i] = at.slips[i] = zero;
            for (int j = 0; j <= i; ++j) at.matrix[i][j] = splat(i == j ? compliance[i] : 0.0);
        }
        for (int s = 0; s < systems && rate > 0.0; ++s) {
            const double* p = schmid + 5 * s;
            Real ratio = zero;
            for (int i = 0; i < 5; ++i) ratio = ratio + p[i] * at.stress[i];
            ratio = ratio / resistance;
            const Real size = abs(ratio), power = rate * power_of(size, exponent - 1.0);
            const Real slip = power * size, softness = exponent * power / resistance;
            const Real sign = select(ratio > 0.0, splat(1.0), select(ratio < 0.0, splat(-1.0), zero));
            total = total + slip;
            for (int i = 0; i < 5; ++i) {
                at.flow[i] = at.flow[i] + p[i] * sign * slip;
                at.slips[i] = at.slips[i] + p[i] * sign * softness;
                for (int j = 0; j <= i; ++j)
                    at.matrix[i][j] = at.matrix[i][j] + (p[i] * p[j]) * softness;
            }
        }
        const Real relative_slope = exponent * slope / resistance;
        at.slip = at.increment - total;
        at.rise = 1.0 + relative_slope * total;
        Real squares = at.slip * at.slip;
        for (int i = 0; i < 5; ++i) {
            at.strain[i] = compliance[i] * at.stress[i] + at.flow[i] - trial[i];
            at.hardened[i] = relative_slope * at.flow[i];
            squares = squares + at.strain[i] * at.strain[i];
        }
        at.norm = sqrt(squares);
    }

    DMN_FN void start(const Real* trial, const Real& slipped, At& at) const {
        at.increment = splat(0.0);
        for (int i = 0; i < 5; ++i) at.stress[i] = trial[i] / compliance[i];
        if (rate == 0.0) return;
        Real largest = splat(1e-300), work = splat(0.0), powers = splat(0.0);
        for (int i = 0; i < 5; ++i) work = work + at.stress[i] * trial[i];
        work = maximum(work, 1e-300);
        Real resolved[systems];
        for (int s = 0; s < systems; ++s) {
            resolved[s] = splat(0.0);
            for (int i = 0; i < 5; ++i) resolved[s] = resolved[s] + schmid[5 * s + i] * at.stress[i];
            resolved[s] = abs(resolved[s]);
            largest = maximum(largest, resolved[s]);
        }
        for (int s = 0; s < systems; ++s)
            powers = powers + power_of(resolved[s] / largest, exponent + 1.0);
        // Logarithms: powers of large stresses and of tiny steps are out of range.
        const Real plastic =
            log(rate) + (exponent + 1.0) * log(largest) + log(maximum(powers, 1e-300));
        const Real bound = (log(work) - plastic) / exponent;
        at.increment = (1.0 - share(slipped, bound)) * work / largest;
        const Real left = share(slipped + at.increment, bound);
        for (int i = 0; i < 5; ++i) at.stress[i] = left * at.stress[i];
    }

    DMN_FN Real share(const Real& slipped, const Real& bound) const {
        Real resistance, slope;
        hardening(slipped, resistance, slope);
        return exp(minimum(log(resistance) + bound, 0.0));
    }

    DMN_FN void move(const At& from, const Real* change, const Real& more, const Real& factor,
                     At& to) const {
        for (int i = 0; i < 5; ++i) to.stress[i] = from.stress[i] + factor * change[i];
        to.increment = maximum(from.increment + factor * more, 0.0);
    }

    DMN_LARGE Outcome solve(const Real* strain, const Real* old, Real* stress, Real* updated,
                            At& at) const {
        Real trial[5], size = splat(0.0);
        for (int a = 0; a < 5; ++a) {
            trial[a] = splat(0.0);
            for (int i = 0; i < 6; ++i)
                if (basis(a, i) != 0.0) trial[a] = trial[a] + basis(a, i) * (strain[i] - old[i]);
            size = size + trial[a] * trial[a];
        }
        size = sqrt(size);
        start(trial, old[6], at);
        evaluate(trial, old[6], at);
        Mask active = finite(at.norm), failed = is_not(active);
        for (int iteration = 0; iteration < return_iterations && any(active); ++iteration) {
            const Mask last = at.norm <= tolerance * size;
            at.factorise();
            Real plain[5], by_slip[5], above = at.slip, below = at.rise;
            for (int i = 0; i < 5; ++i) {
                plain[i] = at.strain[i];
                by_slip[i] = at.hardened[i];
            }
            at.solve(plain);
            at.solve(by_slip);
            for (int i = 0; i < 5; ++i) {
                above = above + at.slips[i] * plain[i];
                below = below - at.slips[i] * by_slip[i];
            }
            const Real more = -above / below;
            Real change[5], factor = splat(1.0);
            for (int i = 0; i < 5; ++i) change[i] = by_slip[i] * more - plain[i];
            At next;
            Mask too_long = no_lane();
            for (int halving = 0; halving <= halvings; ++halving) {
                move(at, change, more, factor, next);
                evaluate(trial, old[6], next);
                // Also where the powers of a long step are out of range.
                too_long = active & is_not(last) &
                           is_not(next.norm <= (1.0 - 1e-4 * factor) * at.norm);
                if (!any(too_long)) break;
                factor = select(too_long, 0.5 * factor, factor);
            }
            const Mask moved = active & is_not(too_long);
            at.choose(moved, next);
            failed = failed | too_long;
            active = active & is_not(last | too_long);
        }
        const Real pressure = bulk * trace(strain);
        for (int i = 0; i < 6; ++i) {
            stress[i] = i < 3 ? pressure : splat(0.0);
            updated[i] = old[i];
            for (int a = 0; a < 5; ++a) {
                if (basis(a, i) == 0.0) continue;
                stress[i] = stress[i] + basis(a, i) * at.stress[a];
                updated[i] = updated[i] + basis(a, i) * at.flow[a];
            }
        }
        updated[6] = old[6] + at.increment;
        const Mask unfinished = failed | active;
        return {rate == 0.0 ? every_lane() : no_lane(), unfinished};
    }
};

}  // namespace dmn

// Isotropic and kinematic hardening by backward Euler. Equations: dmn_fe/laws/chaboche.py.
#pragma once

#include "j2.hpp"

namespace dmn {

template <class Hardening, int parts, bool is_symmetric>
struct Chaboche {
    static constexpr int state_size = 7 + 6 * parts;  // plastic strain, p, backstresses
    static constexpr int parameter_count = 2 + Hardening::parameter_count + 2 * parts;
    static constexpr bool symmetric = is_symmetric;
    static constexpr bool gives_tangent = false;
    double bulk, shear, modulus[parts], recovery[parts];
    Hardening hardening;

    DMN_FN Chaboche(const double* p, double) : bulk(p[0]), shear(p[1]), hardening(p + 2) {
        const double* part = p + 2 + Hardening::parameter_count;
        for (int k = 0; k < parts; ++k) {
            modulus[k] = part[2 * k];
            recovery[k] = part[2 * k + 1];
        }
    }

    DMN_FN bool may_stay_elastic() const { return true; }

    template <class T>
    DMN_FN Outcome respond(const T* strain, const Real* old, const Step&, T* stress,
                           Real* updated) const {
        T trial[6];
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) trial[i] = strain[i] - old[i];
        deviator(trial, trial);
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) trial[i] = trial[i] * (2.0 * shear);

        Trial<Real> at = found(trial, old, splat(0.0));
        const Mask flows = is_not(at.residual <= on_surface * at.mises);
        Mask failed = no_lane();
        T increment = constant<T>(0.0);
        if (any(flows)) {
            const Real round_off = 1e-15 * at.mises / (3.0 * shear);
            Real value_of_it = splat(0.0);
            for (int i = 0; i < return_iterations; ++i) {
                const Real step = select(flows, at.residual / at.fall, splat(0.0));
                value_of_it = value_of_it + step;
                // Newton converges quadratically: after a step of 1e-9 the error is round-off.
                failed = abs(step) > 1e-9 * value_of_it + round_off;
                at = found(trial, old, value_of_it);
                if (!any(failed)) break;
            }
            // One more step of Newton carries the derivative.
            const T last = relative_mises(trial, old, value_of_it);
            increment = select(flows, (last - value(last)) / at.fall + value_of_it, 0.0);
        }

        T relative[6], kept[parts];
        for (int k = 0; k < parts; ++k) kept[k] = 1.0 / (1.0 + recovery[k] * increment);
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) {
            relative[i] = trial[i];
            for (int k = 0; k < parts; ++k)
                relative[i] = relative[i] - kept[k] * old[7 + 6 * k + i];
        }
        const T length = sqrt(square(relative) + 1e-300);
        const T pressure = trace(strain) * bulk;
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) {
            const T flow = root_of_three_halves * increment * relative[i] / length;
            stress[i] = trial[i] - 2.0 * shear * flow;
            if (i < 3) stress[i] = stress[i] + pressure;
            updated[i] = old[i] + value(flow);
            for (int k = 0; k < parts; ++k) {
                const int place = 7 + 6 * k + i;
                const Real drawn = 2.0 / 3.0 * modulus[k] * value(flow);
                updated[place] = value(kept[k]) * (old[place] + drawn);
            }
        }
        updated[6] = old[6] + value(increment);
        return {is_not(flows), failed};
    }

  private:
    static constexpr double root_of_three_halves = 1.224744871391589;

    template <class T> struct Trial {
        T mises, residual, fall;
    };

    // √(3/2) |Z| of Z = trial − Σ kept X.
    template <class T>
    DMN_FN T relative_mises(const T* trial, const Real* old, const Real& increment) const {
        T relative[6];
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) {
            relative[i] = trial[i];
            for (int k = 0; k < parts; ++k)
                relative[i] =
                    relative[i] - old[7 + 6 * k + i] / (1.0 + recovery[k] * increment);
        }
        return root_of_three_halves * sqrt(square(relative) + 1e-300);
    }

    // What there is to know at Δp.
    template <class T>
    DMN_FN Trial<Real> found(const T* trial, const Real* old, const Real& increment) const {
        Real relative[6], turn[6];
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) {
            relative[i] = value(trial[i]);
            turn[i] = splat(0.0);
        }
        Real moduli = splat(3.0 * shear), kinematic = splat(0.0);
        for (int k = 0; k < parts; ++k) {
            const Real kept = 1.0 / (1.0 + recovery[k] * increment);
            moduli = moduli + modulus[k] * kept;
            kinematic = kinematic + modulus[k] * kept * kept;
            DMN_UNROLL
            for (int i = 0; i < 6; ++i) {
                relative[i] = relative[i] - kept * old[7 + 6 * k + i];
                turn[i] = turn[i] + recovery[k] * kept * kept * old[7 + 6 * k + i];
            }
        }
        const Real length = sqrt(square(relative) + 1e-300);
        Real along = splat(0.0);
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) along = along + turn[i] * relative[i];
        Real yield_stress, slope;
        hardening(old[6] + increment, yield_stress, slope);
        Trial<Real> at;
        at.mises = root_of_three_halves * length;
        at.residual = at.mises - increment * moduli - yield_stress;
        // The kinematic part is negative for backstresses above their limit alone.
        kinematic = maximum(kinematic - root_of_three_halves * along / length, 0.0);
        at.fall = 3.0 * shear + kinematic + slope;
        return at;
    }
};

}  // namespace dmn

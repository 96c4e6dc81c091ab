// Drucker–Prager plasticity with its apex. Equations: dmn_fe/laws/drucker_prager.py.
#pragma once

#include "j2.hpp"

namespace dmn {

template <class Hardening, bool is_symmetric>
struct DruckerPrager {
    static constexpr int state_size = 7;  // plastic strain, p
    static constexpr int parameter_count = 4 + Hardening::parameter_count;
    static constexpr bool symmetric = is_symmetric;
    static constexpr bool gives_tangent = false;
    double bulk, shear, friction, dilatancy;
    Hardening hardening;

    DMN_FN DruckerPrager(const double* p, double)
        : bulk(p[0]), shear(p[1]), friction(p[2]), dilatancy(p[3]), hardening(p + 4) {}

    DMN_FN bool may_stay_elastic() const { return true; }

    template <class T>
    DMN_FN Outcome respond(const T* strain, const Real* old, const Step&, T* stress,
                           Real* updated) const {
        const double thrice = 3.0 * shear;
        const Real &p = old[6], zero = splat(0.0);
        T trial[6];
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) trial[i] = strain[i] - old[i];
        const T trial_mean = trace(trial) * bulk;
        deviator(trial, trial);
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) trial[i] = trial[i] * (2.0 * shear);
        const T mises = sqrt(1.5 * square(trial) + 1e-300);

        Real yield_stress, slope;
        hardening(p, yield_stress, slope);
        const Real driving = value(mises) + friction * value(trial_mean);
        const Mask flows = is_not(driving - yield_stress <=
                                  on_surface * (yield_stress + friction * abs(value(trial_mean))));
        T theta = constant<T>(1.0), growth = constant<T>(0.0);
        Real increment = zero;
        Mask failed = no_lane();
        if (any(flows)) {
            // To the apex where the cone would leave no deviator.
            const T to_apex = mises / thrice;
            const T apex_mean = trial_mean - bulk * dilatancy * to_apex;
            Real apex_yield_stress, apex_slope;
            hardening(p + value(to_apex), apex_yield_stress, apex_slope);
            const Mask apex = flows & (friction * value(apex_mean) > apex_yield_stress);
            yield_stress = select(apex, apex_yield_stress, yield_stress);
            slope = select(apex, apex_slope, slope);
            const Real first = select(apex, value(to_apex), zero);
            const Real stiffness =
                select(apex, splat(bulk * friction * friction),
                       splat(thrice + bulk * friction * dilatancy));
            const Real start = select(apex, friction * value(apex_mean), driving);
            Real beyond;
            failed = plastic_increment(hardening, start, stiffness, p + first, flows, yield_stress,
                                       slope, beyond);
            // One more step of Newton carries the derivative.
            const T total = mises + friction * trial_mean;
            const T at_apex = friction * apex_mean - start - slope * (to_apex - first);
            const T more = select(apex, at_apex, total - driving);
            const T part = more / (stiffness + slope) + beyond;
            const T cone_growth = dilatancy * part;
            const T apex_growth = dilatancy * to_apex + friction * part;
            growth = select(flows, select(apex, apex_growth, cone_growth), 0.0);
            theta = select(flows, select(is_not(apex), 1.0 - thrice * part / mises, 0.0), theta);
            increment = select(flows, first + beyond, zero);
        }
        const T mean = trial_mean - bulk * growth;
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) {
            stress[i] = theta * trial[i];
            updated[i] = old[i] + (1.0 - value(theta)) * value(trial[i]) / (2.0 * shear);
            if (i < 3) {
                stress[i] = stress[i] + mean;
                updated[i] = updated[i] + value(growth) * (1.0 / 3.0);
            }
        }
        updated[6] = p + increment;
        return {is_not(flows), failed};
    }
};

}  // namespace dmn

// Overstress viscoplasticity by backward Euler. Equations and start: dmn_fe/laws/perzyna.py.
#pragma once

#include "j2.hpp"

namespace dmn {

template <class Hardening>
struct Perzyna : RadialLaw<Perzyna<Hardening>> {
    static constexpr int state_size = 7;  // plastic strain, p
    static constexpr int parameter_count = 4 + Hardening::parameter_count;
    double bulk_, shear_, exponent, log_time;
    bool passes;  // whether any time does
    Hardening hardening_;

    DMN_FN Perzyna(const double* p, double dt)
        : bulk_(p[0]), shear_(p[1]), exponent(p[3]), hardening_(p + 4) {
        const double time = dt * p[2];
        passes = time != 0.0;
        log_time = passes ? log(time) : 0.0;
    }

    DMN_FN bool may_stay_elastic() const { return true; }

    DMN_FN void moduli(const Real*, Real& bulk, Real& shear, Real& compliance) const {
        bulk = splat(bulk_);
        shear = splat(shear_);
        compliance = splat(0.5 / shear_);
    }

    DMN_FN Shortened shorten(const Real& mises, const Real* old, const Step&,
                             Real* updated) const {
        const Real& p = old[6];
        const Real one = splat(1.0);
        updated[6] = p;
        // What is not a number in the history is then in the stress.
        Shortened by = {one + (p - p), one, {every_lane(), no_lane()}};
        if (!passes) return by;
        const double thrice = 3.0 * shear_, share = exponent / (exponent + 1.0);
        Real yield_stress, slope;
        hardening_(p, yield_stress, slope);
        const Real elastic = mises / yield_stress - 1.0;
        const Mask over = is_not(elastic <= on_surface);
        by.outcome.elastic = is_not(over);
        if (!any(over)) return by;
        const Real most = select(over, elastic, one);
        const Real by_rate = exp(minimum(log_time + exponent * log(share * most), 600.0));
        const Real by_stress =
            (1.0 - share) * most * yield_stress / (thrice + (1.0 + share * most) * slope);
        const Real start = minimum(by_rate, by_stress);
        const Mask flows = over & is_not(start <= no_flow);
        Real increment = select(flows, start, one), overstress = one, overstress_slope = one;
        for (int i = 0; i <= return_iterations; ++i) {
            hardening_(p + increment, yield_stress, slope);
            overstress = exp((log(increment) - log_time) / exponent);
            overstress_slope = overstress / (exponent * increment);
            const Real stress = (mises - thrice * increment) / yield_stress;
            const Real fall = (thrice + stress * slope) / yield_stress + overstress_slope;
            const Real step = select(flows, (stress - 1.0 - overstress) / fall, splat(0.0));
            // Newton converges quadratically: after a relative step of 1e-9 the error is round-off.
            by.outcome.failed = step > 1e-9 * increment;
            increment = increment + step;
            if (!any(by.outcome.failed)) break;
        }
        const Real total_slope = slope * (1.0 + overstress) + yield_stress * overstress_slope;
        by.theta = select(flows, 1.0 - thrice * increment / mises, by.theta);
        by.theta_t = select(flows, 1.0 - thrice / (thrice + total_slope), one);
        updated[6] = p + select(flows, increment, splat(0.0));
        return by;
    }

  private:
    static constexpr double no_flow = 1e-200;  // powers of a smaller increment are out of range
};

}  // namespace dmn

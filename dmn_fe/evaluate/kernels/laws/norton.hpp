// Norton's creep by backward Euler. Equations and safeguards: dmn_fe/laws/norton.py.
#pragma once

#include "power.hpp"
#include "radial.hpp"

namespace dmn {

struct Norton : RadialLaw<Norton> {
    static constexpr int state_size = 6;  // creep strain
    static constexpr int parameter_count = 5;
    static constexpr int iterations = 100;
    double bulk_, shear_, reference_stress, exponent, log_speed;
    bool creeps;

    DMN_FN Norton(const double* p, double dt)
        : bulk_(p[0]), shear_(p[1]), reference_stress(p[3]), exponent(p[4]) {
        const double speed = 3.0 * shear_ * dt * p[2] / reference_stress;
        creeps = speed != 0.0;
        log_speed = creeps ? log(speed) : 0.0;
    }

    DMN_FN bool may_stay_elastic() const { return !creeps; }

    DMN_FN void moduli(const Real*, Real& bulk, Real& shear, Real& compliance) const {
        bulk = splat(bulk_);
        shear = splat(shear_);
        compliance = splat(0.5 / shear_);
    }

    // The share x of the trial stress that is left: x + (x / x̄)^n = 1.
    DMN_FN Shortened shorten(const Real& mises, const Real*, const Step&, Real*) const {
        const Real one = splat(1.0);
        Shortened by = {one, one, {every_lane(), no_lane()}};
        if (!creeps) return by;
        by.outcome.elastic = no_lane();
        // Logarithms: powers of large stresses and of tiny steps are out of range.
        const Real level = log(maximum(mises / reference_stress, 1e-100));
        const Real log_bound = (level - log_speed) / exponent;
        const Real bound = exp(minimum(maximum(log_bound - level, -600.0), 600.0));
        Real share = minimum(bound, one), creep = one;
        for (int i = 0; i < iterations; ++i) {
            creep = power_of(share / bound, exponent);
            const Real step = (share + creep - 1.0) / (1.0 + exponent * creep / share);
            share = share - step;
            // Newton converges quadratically: after a relative step of 1e-9 the error is round-off.
            by.outcome.failed = step > 1e-9 * share;
            if (!any(by.outcome.failed)) break;
        }
        creep = power_of(share / bound, exponent);
        by.theta = share;
        by.theta_t = share / (share + exponent * creep);
        return by;
    }
};

}  // namespace dmn

// J2 plasticity by radial return. The torch twin is dmn_fe/laws/j2.py.
#pragma once

#include "hardening.hpp"
#include "radial.hpp"

namespace dmn {

constexpr double on_surface = 1e-12;  // a trial stress this close to the yield surface is elastic
constexpr int return_iterations = 100;

// Increment Δp of `trial − stiffness Δp = σ_y(p + Δp)` where a point flows, else zero. Takes yield
// stress and slope at p, and gives those at p + Δp. Gives which points did not converge.
template <class Hardening>
DMN_FN Mask plastic_increment(const Hardening& hardening, const Real& trial, const Real& stiffness,
                              const Real& p, const Mask& flows, Real& yield_stress, Real& slope,
                              Real& increment) {
    increment = splat(0.0);
    Mask unfinished = flows;
    const Real round_off = 1e-15 * abs(trial);  // of the residual
    for (int i = 0; i < return_iterations; ++i) {
        // Halley's step, which costs no more than Newton's; at most twice as long as that.
        const Real residual = trial - stiffness * increment - yield_stress, fall = stiffness + slope;
        const Real bend = 0.5 * residual * hardening.curvature(p + increment, slope) / fall;
        const Real step =
            select(flows, residual / (fall + maximum(bend, -0.5 * fall)), splat(0.0));
        increment = increment + step;
        hardening(p + increment, yield_stress, slope);
        // The convergence is cubic: after a relative step of 1e-6 the error is round-off.
        unfinished = abs(step) * stiffness > 1e-6 * stiffness * increment + round_off;
        if (!any(unfinished)) break;
    }
    return unfinished;
}

template <class Hardening>
DMN_FN Shortened radial_return(const Hardening& hardening, const Real& shear, const Real& mises,
                               const Real& p, Real& updated_p) {
    Real yield_stress, slope, increment;
    hardening(p, yield_stress, slope);
    // Also where the history is not a number, which then is in the stress.
    const Mask plastic = is_not(mises <= yield_stress * (1.0 + on_surface));
    updated_p = p;
    Shortened by = {splat(1.0), splat(1.0), {is_not(plastic), no_lane()}};
    if (!any(plastic)) return by;
    const Real thrice = 3.0 * shear;
    by.outcome.failed =
        plastic_increment(hardening, mises, thrice, p, plastic, yield_stress, slope, increment);
    by.theta = select(plastic, 1.0 - thrice * increment / mises, by.theta);
    by.theta_t = select(plastic, slope / (thrice + slope), by.theta_t);
    updated_p = p + increment;
    return by;
}

template <class Hardening>
struct J2 : RadialLaw<J2<Hardening>> {
    static constexpr int state_size = 7;  // plastic strain, p
    static constexpr int parameter_count = 2 + Hardening::parameter_count;
    double bulk_, shear_;
    Hardening hardening_;
    DMN_FN J2(const double* p, double) : bulk_(p[0]), shear_(p[1]), hardening_(p + 2) {}

    DMN_FN bool may_stay_elastic() const { return true; }

    DMN_FN void moduli(const Real*, Real& bulk, Real& shear, Real& compliance) const {
        bulk = splat(bulk_);
        shear = splat(shear_);
        compliance = splat(0.5 / shear_);
    }

    DMN_FN Shortened shorten(const Real& mises, const Real* old, const Step&,
                             Real* updated) const {
        return radial_return(hardening_, splat(shear_), mises, old[6], updated[6]);
    }
};

}  // namespace dmn

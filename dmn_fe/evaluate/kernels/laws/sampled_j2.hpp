// J2 plasticity and elasticity whose parameters differ from point to point: they are part of the
// history. The torch twin is dmn_fe/training/sampled_law.py.
#pragma once

#include "j2.hpp"

namespace dmn {

struct SampledJ2 : RadialLaw<SampledJ2> {
    // Plastic strain, p, Young's modulus, Poisson's ratio, yield stress, hardening modulus.
    static constexpr int state_size = 11;
    static constexpr int parameter_count = 0;
    DMN_FN SampledJ2(const double*, double) {}

    DMN_FN bool may_stay_elastic() const { return false; }

    struct Hardening {
        Real yield_stress, modulus;
        DMN_FN void operator()(const Real& p, Real& stress, Real& slope) const {
            stress = yield_stress + modulus * p;
            slope = modulus;
        }
        DMN_FN Real curvature(const Real&, const Real&) const { return splat(0.0); }
    };

    DMN_FN void moduli(const Real* old, Real& bulk, Real& shear, Real& compliance) const {
        bulk = old[7] / (3.0 * (1.0 - 2.0 * old[8]));
        shear = old[7] / (2.0 * (1.0 + old[8]));
        compliance = 0.5 / shear;
    }

    DMN_FN Shortened shorten(const Real& mises, const Real* old, const Step&,
                             Real* updated) const {
        Real bulk, shear, compliance;
        moduli(old, bulk, shear, compliance);
        DMN_UNROLL
        for (int i = 7; i < 11; ++i) updated[i] = old[i];
        const Hardening hardening = {old[9], old[10]};
        Shortened by = radial_return(hardening, shear, mises, old[6], updated[6]);
        // The stiffness is not that of the virgin network.
        by.outcome.elastic = no_lane();
        return by;
    }
};

}  // namespace dmn

// Isotropic laws whose stress deviator is the elastic trial deviator made shorter.
//
// With the von Mises stress q of the trial such a law gives θ = q_end / q and θ_t = dq_end / dq;
// stress and consistent tangent are the same closed forms for all of them (Simo & Hughes,
// Computational Inelasticity (1998), eq. 3.3.12). The inelastic strain is the begin of the history.
#pragma once

#include "law.hpp"

namespace dmn {

struct Shortened {
    Real theta, theta_t;
    Outcome outcome;
};

struct TrialStress {
    Real deviator[6], pressure, mises;

    DMN_FN TrialStress(const Real& bulk, const Real& shear, const Real* strain, const Real* old) {
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) deviator[i] = strain[i] - old[i];
        dmn::deviator(deviator, deviator);
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) deviator[i] = deviator[i] * (2.0 * shear);
        pressure = bulk * trace(strain);
        mises = sqrt(1.5 * square(deviator));
    }

    // `half_compliance` is 1 / 2G.
    DMN_FN void relax(const Real& half_compliance, const Shortened& by, const Real* old,
                      Real* stress, Real* updated) const {
        const Real flow = (1.0 - by.theta) * half_compliance;
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) {
            updated[i] = old[i] + flow * deviator[i];
            stress[i] = by.theta * deviator[i];
            if (i < 3) stress[i] = stress[i] + pressure;
        }
    }

    // 3K P_vol + 2Gθ P_dev − 2G (θ − θ_t) n ⊗ n with the unit deviator n
    template <class S>
    DMN_FN void tangent(const Real& bulk, const Real& shear, const Shortened& by, S& result) const {
        const Real soft = 2.0 * shear * by.theta, mean = bulk - soft * (1.0 / 3.0);
        const Real squares = mises * mises * (2.0 / 3.0);
        const Real drop = 2.0 * shear * (by.theta - by.theta_t) / (squares + 1e-300);
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) {
            const Real scaled = drop * deviator[i];
            DMN_UNROLL
            for (int j = S::is_symmetric ? i : 0; j < 6; ++j) {
                Real entry = i == j ? soft : splat(0.0);
                if (i < 3 && j < 3) entry = entry + mean;
                result.entry[S::place(i, j)] = entry - scaled * deviator[j];
            }
        }
    }
};

// Base of such laws: `Law` has `moduli(old, bulk, shear, 1 / 2G)` and
// `Shortened shorten(mises, old, step, updated)`.
template <class Law>
struct RadialLaw {
    static constexpr bool gives_tangent = true;
    static constexpr bool symmetric = true;

    DMN_FN Outcome respond(const Real* strain, const Real* old, const Step& step, Real* stress,
                           Real* updated) const {
        const Law& law = static_cast<const Law&>(*this);
        Real bulk, shear, compliance;
        law.moduli(old, bulk, shear, compliance);
        const TrialStress trial(bulk, shear, strain, old);
        const Shortened by = law.shorten(trial.mises, old, step, updated);
        trial.relax(compliance, by, old, stress, updated);
        return by.outcome;
    }

    template <class S>
    DMN_FN Outcome respond_with_tangent(const Real* strain, const Real* old, const Step& step,
                                        Real* stress, S& tangent, Real* updated) const {
        const Law& law = static_cast<const Law&>(*this);
        Real bulk, shear, compliance;
        law.moduli(old, bulk, shear, compliance);
        const TrialStress trial(bulk, shear, strain, old);
        const Shortened by = law.shorten(trial.mises, old, step, updated);
        trial.relax(compliance, by, old, stress, updated);
        trial.tangent(bulk, shear, by, tangent);
        return by.outcome;
    }
};

}  // namespace dmn

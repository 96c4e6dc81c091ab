// Thermal expansion beside any law. The torch twin is dmn_fe/laws/thermal.py.
#pragma once

#include "law.hpp"

namespace dmn {

template <class Law>
struct ThermalExpansion {
    static constexpr int state_size = Law::state_size;
    static constexpr int parameter_count = 6 + Law::parameter_count;
    static constexpr bool symmetric = Law::symmetric;
    static constexpr bool gives_tangent = Law::gives_tangent;
    const double* expansion;  // strain per temperature [6]
    Law law;

    DMN_FN ThermalExpansion(const double* p, double dt) : expansion(p), law(p + 6, dt) {}

    DMN_FN bool may_stay_elastic() const { return law.may_stay_elastic(); }

    template <class T>
    DMN_FN Outcome respond(const T* strain, const Real* old, const Step& step, T* stress,
                           Real* updated) const {
        T mechanical[6];
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) mechanical[i] = strain[i] - expansion[i] * step.temperature;
        return law.respond(mechanical, old, step, stress, updated);
    }

    template <class S>
    DMN_FN Outcome respond_with_tangent(const Real* strain, const Real* old, const Step& step,
                                        Real* stress, S& tangent, Real* updated) const {
        Real mechanical[6];
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) mechanical[i] = strain[i] - expansion[i] * step.temperature;
        return law.respond_with_tangent(mechanical, old, step, stress, tangent, updated);
    }
};

}  // namespace dmn

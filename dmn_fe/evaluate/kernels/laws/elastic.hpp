// Linear elasticity, and the void. The torch twins are dmn_fe/laws/elastic.py and void.py.
#pragma once

#include "law.hpp"

namespace dmn {

struct Elastic {
    static constexpr bool gives_tangent = true;
    static constexpr int state_size = 0;
    static constexpr int parameter_count = 36;
    static constexpr bool symmetric = true;
    const double* stiffness;  // [6, 6]
    DMN_FN Elastic(const double* p, double) : stiffness(p) {}
    DMN_FN bool may_stay_elastic() const { return true; }

    template <class T>
    DMN_FN Outcome respond(const T* strain, const Real*, const Step&, T* stress, Real*) const {
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) {
            stress[i] = strain[0] * stiffness[6 * i];
            DMN_UNROLL
            for (int j = 1; j < 6; ++j) stress[i] = stress[i] + strain[j] * stiffness[6 * i + j];
        }
        return {every_lane(), no_lane()};
    }

    template <class S>
    DMN_FN Outcome respond_with_tangent(const Real* strain, const Real* old, const Step& step,
                                        Real* stress, S& tangent, Real* updated) const {
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) {
            DMN_UNROLL
            for (int j = S::is_symmetric ? i : 0; j < 6; ++j)
                tangent.entry[S::place(i, j)] = splat(stiffness[6 * i + j]);
        }
        return respond(strain, old, step, stress, updated);
    }
};

struct Void {
    static constexpr bool gives_tangent = true;
    static constexpr int state_size = 0;
    static constexpr int parameter_count = 0;
    static constexpr bool symmetric = true;
    DMN_FN Void(const double*, double) {}
    DMN_FN bool may_stay_elastic() const { return true; }

    template <class T>
    DMN_FN Outcome respond(const T* strain, const Real*, const Step&, T* stress, Real*) const {
        // Not zero where the strain is not a number.
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) stress[i] = strain[i] * 0.0;
        return {every_lane(), no_lane()};
    }

    template <class S>
    DMN_FN Outcome respond_with_tangent(const Real* strain, const Real* old, const Step& step,
                                        Real* stress, S& tangent, Real* updated) const {
        DMN_UNROLL
        for (int i = 0; i < S::size; ++i) tangent.entry[i] = splat(0.0);
        return respond(strain, old, step, stress, updated);
    }
};

}  // namespace dmn

// What a law is: parameters, and the stress as a function of the strain.
//
//     struct Law {
//         static constexpr int state_size;       // numbers of history
//         static constexpr int parameter_count;
//         static constexpr bool symmetric;       // whether its tangent is
//         static constexpr bool gives_tangent;   // see below
//         Law(const double* parameters, double dt);
//         bool may_stay_elastic() const;         // whether a point may respond as the virgin law
//         template <class T>                     // Real, or Dual for the tangent
//         Outcome respond(const T* strain, const Real* old, const Step& step, T* stress,
//                         Real* updated) const;
//     };
//
// `old` and `updated` are the history at the begin and the end of the step; Mandel vectors. A law
// that gives its tangent has, in place of the template for Dual, a respond_with_tangent(strain, old,
// step, stress, tangent, updated).
#pragma once

#include "../mandel.hpp"

namespace dmn {

// What a step has beside the strain.
struct Step {
    double dt;
    Real temperature;  // change from the stress-free one
};

struct Outcome {
    Mask elastic;  // the response is that of the virgin material at dt = 0, linear and unchanged
    Mask failed;   // an iteration of the law did not converge
};

// Stiffness of isotropic elasticity.
template <class S>
DMN_FN void isotropic_stiffness(const Real& bulk, const Real& shear, S& result) {
    const Real twice = 2.0 * shear, mean = bulk - twice * (1.0 / 3.0);
    DMN_UNROLL
    for (int i = 0; i < 6; ++i) {
        DMN_UNROLL
        for (int j = S::is_symmetric ? i : 0; j < 6; ++j) {
            Real entry = i == j ? twice : splat(0.0);
            if (i < 3 && j < 3) entry = entry + mean;
            result.entry[S::place(i, j)] = entry;
        }
    }
}

}  // namespace dmn

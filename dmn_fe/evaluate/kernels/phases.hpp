// The laws of the phases of a network, and their stress and tangent at one leaf.
#pragma once

#include "laws/law.hpp"

namespace dmn {

template <class... Laws> struct Phases;

// No phase is left: only reached when a phase number is wrong.
template <> struct Phases<> {
    static constexpr bool symmetric = true;
    DMN_FN Phases(const double*, double) {}
    DMN_FN bool may_stay_elastic() const { return true; }
    template <class F>
    DMN_FN void at(int, const F&) const {}
};

// Parameters of all laws lie one after the other.
template <class Law, class... Others> struct Phases<Law, Others...> {
    static constexpr bool symmetric = Law::symmetric && Phases<Others...>::symmetric;
    Law law;
    Phases<Others...> others;
    DMN_FN Phases(const double* p, double dt)
        : law(p, dt), others(p + Law::parameter_count, dt) {}

    // Whether a point may respond as the virgin phases do.
    DMN_FN bool may_stay_elastic() const {
        return law.may_stay_elastic() && others.may_stay_elastic();
    }

    // Calls `f` with the law of a phase.
    template <class F>
    DMN_FN void at(int phase, const F& f) const {
        if (phase == 0) f(law);
        else others.at(phase - 1, f);
    }
};

template <bool symmetric, class Law>
DMN_FN Outcome stress_and_tangent(const Law& law, const Real* strain, const Real* old,
                                  const Step& step, Real* stress, Stiffness<symmetric>& tangent,
                                  Real* updated) {
    if constexpr (Law::gives_tangent) {
        return law.respond_with_tangent(strain, old, step, stress, tangent, updated);
    } else {
        Dual along[6], result[6];
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) {
            along[i].value = strain[i];
            DMN_UNROLL
            for (int j = 0; j < 6; ++j) along[i].slope[j] = splat(i == j ? 1.0 : 0.0);
        }
        const Outcome outcome = law.respond(along, old, step, result, updated);
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) {
            stress[i] = result[i].value;
            DMN_UNROLL
            for (int j = symmetric ? i : 0; j < 6; ++j)
                tangent.entry[Stiffness<symmetric>::place(i, j)] = result[i].slope[j];
        }
        return outcome;
    }
}

// Turns of Mandel vectors from material axes to those of the network, `turn` [6, 6].
DMN_FN void to_material(const double* turn, const Real* strain, Real* result) {
    DMN_UNROLL
    for (int i = 0; i < 6; ++i) {
        result[i] = turn[i] * strain[0];
        DMN_UNROLL
        for (int j = 1; j < 6; ++j) result[i] = result[i] + turn[6 * j + i] * strain[j];
    }
}

DMN_FN void from_material(const double* turn, Real* stress) {
    Real own[6];
    DMN_UNROLL
    for (int i = 0; i < 6; ++i) own[i] = stress[i];
    DMN_UNROLL
    for (int i = 0; i < 6; ++i) {
        stress[i] = turn[6 * i] * own[0];
        DMN_UNROLL
        for (int j = 1; j < 6; ++j) stress[i] = stress[i] + turn[6 * i + j] * own[j];
    }
}

template <bool symmetric>
DMN_FN void from_material(const double* turn, Stiffness<symmetric>& tangent) {
    Real half[6][6];  // C Rᵀ
    DMN_UNROLL
    for (int i = 0; i < 6; ++i)
        DMN_UNROLL
        for (int j = 0; j < 6; ++j) {
            half[i][j] = tangent(i, 0) * turn[6 * j];
            DMN_UNROLL
            for (int k = 1; k < 6; ++k) half[i][j] = half[i][j] + tangent(i, k) * turn[6 * j + k];
        }
    DMN_UNROLL
    for (int i = 0; i < 6; ++i)
        DMN_UNROLL
        for (int j = symmetric ? i : 0; j < 6; ++j) {
            Real sum = turn[6 * i] * half[0][j];
            DMN_UNROLL
            for (int k = 1; k < 6; ++k) sum = sum + turn[6 * i + k] * half[k][j];
            tangent.entry[Stiffness<symmetric>::place(i, j)] = sum;
        }
}

}  // namespace dmn

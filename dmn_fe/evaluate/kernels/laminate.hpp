// The laminate of two affine phases: notation and equations of dmn_fe/network/laminate.py.
#pragma once

#include "mandel.hpp"

namespace dmn {

// Directions in which a jump meets no more than round-off, relative to the trace, are left out.
constexpr double negligible_stiffness = 1e-13;

// Interface of a laminate: unit normal, the normal over the root of two, fraction of the first
// child, and share · f1 f2, by which its traction jump counts in the whole network.
struct Interface {
    double n[3];
    double s[3];
    double fraction;
    double weight;
};

// Hᵀ σ
template <class T>
DMN_FN void traction(const Interface& at, const T* stress, T* result) {
    result[0] = at.n[0] * stress[0] + at.s[2] * stress[4] + at.s[1] * stress[5];
    result[1] = at.n[1] * stress[1] + at.s[2] * stress[3] + at.s[0] * stress[5];
    result[2] = at.n[2] * stress[2] + at.s[1] * stress[3] + at.s[0] * stress[4];
}

// H a
template <class T>
DMN_FN void jump_strain(const Interface& at, const T* jump, T* strain) {
    DMN_UNROLL
    for (int i = 0; i < 3; ++i) strain[i] = at.n[i] * jump[i];
    strain[3] = at.s[2] * jump[1] + at.s[1] * jump[2];
    strain[4] = at.s[2] * jump[0] + at.s[0] * jump[2];
    strain[5] = at.s[1] * jump[0] + at.s[0] * jump[1];
}

// Strains of the two children of a laminate with this strain and jump.
DMN_FN void divide(const Interface& at, const Real* strain, const Real* jump, Real* first,
                   Real* second) {
    Real h[6];
    jump_strain(at, jump, h);
    DMN_UNROLL
    for (int i = 0; i < 6; ++i) {
        const Real mean = strain[i];
        first[i] = mean - (1.0 - at.fraction) * h[i];
        second[i] = mean + at.fraction * h[i];
    }
}

// Factors L D U of a 3×3 matrix, with the inverse pivots; of a symmetric one U = Lᵀ.
struct Factors {
    Real pivot[3];
    Real lower[3];  // 10, 20, 21
    Real upper[3];  // 01, 02, 12
};

DMN_FN Real inverse_pivot(const Real& pivot, const Real& negligible) {
    const Mask none = abs(pivot) <= negligible;
    return select(none, splat(0.0), 1.0 / select(none, splat(1.0), pivot));
}

DMN_FN Factors factorised(const Real a[3][3], const Real& negligible) {
    Factors f;
    f.pivot[0] = inverse_pivot(a[0][0], negligible);
    f.lower[0] = a[1][0] * f.pivot[0];
    f.lower[1] = a[2][0] * f.pivot[0];
    f.upper[0] = a[0][1] * f.pivot[0];
    f.upper[1] = a[0][2] * f.pivot[0];
    const Real b11 = a[1][1] - f.lower[0] * a[0][1];
    const Real b12 = a[1][2] - f.lower[0] * a[0][2];
    const Real b21 = a[2][1] - f.lower[1] * a[0][1];
    f.pivot[1] = inverse_pivot(b11, negligible * (1.0 + f.lower[0] * f.lower[0]));
    f.lower[2] = b21 * f.pivot[1];
    f.upper[2] = b12 * f.pivot[1];
    const Real b22 = a[2][2] - f.lower[1] * a[0][2] - f.lower[2] * b12;
    const Real row = f.lower[0] * f.lower[2] - f.lower[1];
    f.pivot[2] = inverse_pivot(b22, negligible * (1.0 + f.lower[2] * f.lower[2] + row * row));
    return f;
}

// A⁻¹ right, in place.
DMN_FN void solve(const Factors& f, Real& x0, Real& x1, Real& x2) {
    const Real y1 = x1 - f.lower[0] * x0;
    x2 = f.pivot[2] * (x2 - f.lower[1] * x0 - f.lower[2] * y1);
    x1 = y1 * f.pivot[1] - f.upper[2] * x2;
    x0 = x0 * f.pivot[0] - f.upper[0] * x1 - f.upper[1] * x2;
}

// What a sub-tree shows to the laminate above it.
template <bool symmetric>
struct Response {
    Stiffness<symmetric> stiffness;
    Real relaxed[6];  // stress once its interfaces are in equilibrium at unchanged strain
    Real stress[6];   // mean stress as it is
};

// What a laminate keeps for the way down: its jump changes by K δε + b.
struct Localisation {
    Real k[3][6];
    Real b[3];
    Real imbalance[3];  // jump of the traction as it is
};

// What mixing two stiffnesses leaves for their stresses: A, and N = ΔC H.
struct Mixture {
    Factors factors;
    Real n[6][3];
};

// Homogenises two stiffnesses; the result takes the place of the first. `k` is A⁻¹ Hᵀ ΔC.
template <bool symmetric>
DMN_FN Mixture mix_stiffness(const Interface& at, Stiffness<symmetric>& first,
                             const Stiffness<symmetric>& second, Real k[3][6]) {
    typedef Stiffness<symmetric> S;
    const double f1 = at.fraction, f2 = 1.0 - at.fraction;
    Real m[3][6], a[3][3], trace_of_mean = splat(0.0);
    DMN_UNROLL
    for (int j = 0; j < 6; ++j) {
        Real difference[6], own[6], t[3];
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) {
            own[i] = second(i, j);
            difference[i] = first(i, j) - own[i];
        }
        trace_of_mean = trace_of_mean + own[j] + f2 * difference[j];
        traction(at, difference, t);
        DMN_UNROLL
        for (int i = 0; i < 3; ++i) m[i][j] = t[i];
        // Column j of Hᵀ (f2 C1 + f1 C2), and its part of A.
        traction(at, own, t);
        DMN_UNROLL
        for (int i = 0; i < 3; ++i) {
            const Real mean = t[i] + f2 * m[i][j];
            if (j < 3) {
                a[i][j] = at.n[j] * mean;
            } else {
                const int r = j == 3 ? 1 : 0, c = j == 5 ? 1 : 2;
                a[i][r] = a[i][r] + at.s[c] * mean;
                a[i][c] = a[i][c] + at.s[r] * mean;
            }
        }
    }
    Mixture mixture;
    mixture.factors = factorised(a, negligible_stiffness * abs(trace_of_mean));
    // The rows of N are tractions; of symmetric stiffnesses N = Mᵀ.
    DMN_UNROLL
    for (int i = 0; i < 6; ++i) {
        if (symmetric) {
            DMN_UNROLL
            for (int r = 0; r < 3; ++r) mixture.n[i][r] = m[r][i];
        } else {
            Real row[6];
            DMN_UNROLL
            for (int j = 0; j < 6; ++j) row[j] = first(i, j) - second(i, j);
            traction(at, row, mixture.n[i]);
        }
    }
    const double both = f1 * f2;
    DMN_UNROLL
    for (int j = 0; j < 6; ++j) {
        Real k0 = m[0][j], k1 = m[1][j], k2 = m[2][j];
        solve(mixture.factors, k0, k1, k2);
        k[0][j] = k0;
        k[1][j] = k1;
        k[2][j] = k2;
        k0 = k0 * both;
        k1 = k1 * both;
        k2 = k2 * both;
        DMN_UNROLL
        for (int i = 0; i < (symmetric ? j + 1 : 6); ++i) {
            const Real own = second.entry[S::place(i, j)];
            Real& mixed = first.entry[S::place(i, j)];
            const Real relief =
                mixture.n[i][0] * k0 + mixture.n[i][1] * k1 + mixture.n[i][2] * k2;
            mixed = own + f1 * (mixed - own) - relief;
        }
    }
    return mixture;
}

// Homogenises two sub-trees; the result takes the place of the first.
template <bool symmetric>
DMN_FN void mix(const Interface& at, Response<symmetric>& first,
                const Response<symmetric>& second, Localisation& local) {
    const double f1 = at.fraction, both = f1 * (1.0 - f1);
    const Mixture mixture = mix_stiffness(at, first.stiffness, second.stiffness, local.k);
    Real difference[6];
    DMN_UNROLL
    for (int i = 0; i < 6; ++i) difference[i] = first.relaxed[i] - second.relaxed[i];
    traction(at, difference, local.b);
    solve(mixture.factors, local.b[0], local.b[1], local.b[2]);
    DMN_UNROLL
    for (int i = 0; i < 6; ++i) {
        const Real relief = mixture.n[i][0] * local.b[0] + mixture.n[i][1] * local.b[1] +
                            mixture.n[i][2] * local.b[2];
        first.relaxed[i] = second.relaxed[i] + f1 * difference[i] - both * relief;
    }
    DMN_UNROLL
    for (int i = 0; i < 6; ++i) difference[i] = first.stress[i] - second.stress[i];
    traction(at, difference, local.imbalance);
    DMN_UNROLL
    for (int i = 0; i < 6; ++i) first.stress[i] = second.stress[i] + f1 * difference[i];
}

}  // namespace dmn

// Derivatives of a laminate's stiffness at fixed K: the formulas of
// dmn_fe/network/laminate_gradient.py.
#pragma once

#include "laminate.hpp"

namespace dmn {

typedef Stiffness<true> Symmetric;

// From the derivative G of a loss with respect to a laminate's stiffness, those with respect to its
// children: the first takes the place of G. Adds those with respect to fraction and normal.
DMN_FN void mix_gradient(const Interface& at, const Symmetric& first, const Symmetric& second,
                         const Real (*k)[6], Symmetric& g, Symmetric& other, Real& d_fraction,
                         Real* d_normal) {
    const double root_of_half = 0.70710678118654752;
    const double f1 = at.fraction, f2 = 1.0 - f1;
    Real p[3][6], s[3][3], h[6][6];
    DMN_UNROLL
    for (int r = 0; r < 3; ++r) {
        DMN_UNROLL
        for (int j = 0; j < 6; ++j) {
            p[r][j] = k[r][0] * g(0, j);
            DMN_UNROLL
            for (int i = 1; i < 6; ++i) p[r][j] = p[r][j] + k[r][i] * g(i, j);
        }
    }
    DMN_UNROLL
    for (int r = 0; r < 3; ++r) {
        DMN_UNROLL
        for (int c = r; c < 3; ++c) {
            s[r][c] = p[r][0] * k[c][0];
            DMN_UNROLL
            for (int i = 1; i < 6; ++i) s[r][c] = s[r][c] + p[r][i] * k[c][i];
            s[c][r] = s[r][c];
        }
    }
    Real rate = splat(0.0), normal[3] = {rate, rate, rate};
    Real mh[3][3];
    DMN_UNROLL
    for (int j = 0; j < 6; ++j) {
        Real difference[6], own[6], m[3], t[3];
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) {
            own[i] = second(i, j);
            difference[i] = first(i, j) - own[i];
            if (i <= j) rate = rate + (i == j ? 1.0 : 2.0) * g(i, j) * difference[i];
        }
        traction(at, difference, m);
        traction(at, own, t);
        DMN_UNROLL
        for (int r = 0; r < 3; ++r) {
            rate = rate + (f1 - f2) * p[r][j] * m[r];
            t[r] = t[r] + f2 * m[r];
            if (j < 3) {
                mh[r][j] = at.n[j] * m[r];
            } else {
                const int a = j == 3 ? 1 : 0, b = j == 5 ? 1 : 2;
                mh[r][a] = mh[r][a] + at.s[b] * m[r];
                mh[r][b] = mh[r][b] + at.s[a] * m[r];
            }
        }
        // Row j of ΔC Pᵀ − Tᵀ S, by the derivative of row j of H.
        Real x[3];
        DMN_UNROLL
        for (int c = 0; c < 3; ++c) {
            x[c] = difference[0] * p[c][0];
            DMN_UNROLL
            for (int i = 1; i < 6; ++i) x[c] = x[c] + difference[i] * p[c][i];
            DMN_UNROLL
            for (int r = 0; r < 3; ++r) x[c] = x[c] - t[r] * s[r][c];
        }
        if (j < 3) {
            normal[j] = normal[j] + x[j];
        } else {
            const int a = j == 3 ? 1 : 0, b = j == 5 ? 1 : 2;
            normal[a] = normal[a] + root_of_half * x[b];
            normal[b] = normal[b] + root_of_half * x[a];
        }
    }
    DMN_UNROLL
    for (int r = 0; r < 3; ++r) {
        DMN_UNROLL
        for (int c = 0; c < 3; ++c) rate = rate - f1 * f2 * mh[r][c] * s[c][r];
        d_normal[r] = d_normal[r] - 2.0 * f1 * f2 * normal[r];
    }
    d_fraction = d_fraction + rate;
    // H P + Pᵀ Hᵀ and H S Hᵀ
    Real hp[6][6], hs[6][3];
    DMN_UNROLL
    for (int j = 0; j < 6; ++j) {
        const Real column[3] = {p[0][j], p[1][j], p[2][j]};
        Real strain[6];
        jump_strain(at, column, strain);
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) hp[i][j] = strain[i];
    }
    DMN_UNROLL
    for (int c = 0; c < 3; ++c) {
        Real strain[6];
        jump_strain(at, s[c], strain);
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) hs[i][c] = strain[i];
    }
    DMN_UNROLL
    for (int i = 0; i < 6; ++i) jump_strain(at, hs[i], h[i]);
    DMN_UNROLL
    for (int i = 0; i < 6; ++i) {
        DMN_UNROLL
        for (int j = i; j < 6; ++j) {
            const Real both = hp[i][j] + hp[j][i], own = g(i, j);
            g(i, j) = f1 * (own - f2 * (both - f2 * h[i][j]));
            other(i, j) = f2 * (own + f1 * (both + f1 * h[i][j]));
        }
    }
}

}  // namespace dmn

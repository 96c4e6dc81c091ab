// Errors of stiffnesses against samples.
#pragma once

#include "mandel.hpp"

namespace dmn {

typedef Stiffness<true> Symmetric;

// Samples: the upper triangles of symmetric matrices, [21, count] each, one row an entry.
struct StiffnessSamples {
    long count;
    const double* phases;     // [phases, 21, count]
    const double* reference;  // [21, count]
    const double* scale;      // [count]: errors are multiplied by it; or null, then
    const double* root;       // [21, count]: inverse Cholesky factor L⁻¹ of the reference
};

// Matrices of some samples, one a lane.
DMN_FN void load(const double* rows, long count, const long* place, Symmetric& matrix) {
    for (int i = 0; i < 21; ++i)
        for (int l = 0; l < DMN_LANES; ++l)
            set_lane(matrix.entry[i], l, rows[i * count + place[l]]);
}

// ((C − C_known) scale)², summed.
DMN_FN Real relative_misfit(const StiffnessSamples& samples, const long* place,
                            const Symmetric& found, Symmetric& gradient) {
    Symmetric known;
    Real squares = splat(0.0);
    Real scale;
    for (int l = 0; l < DMN_LANES; ++l) set_lane(scale, l, samples.scale[place[l]]);
    load(samples.reference, samples.count, place, known);
    for (int i = 0; i < 6; ++i)
        for (int j = i; j < 6; ++j) {
            const Real error = (found(i, j) - known(i, j)) * scale;
            squares = squares + (i == j ? 1.0 : 2.0) * error * error;
            gradient(i, j) = 2.0 * error * scale;
        }
    return squares;
}

// (L⁻¹ C L⁻ᵀ − I)², summed.
DMN_FN Real whitened_misfit(const StiffnessSamples& samples, const long* place,
                            const Symmetric& found, Symmetric& gradient) {
    Symmetric known;
    Real squares = splat(0.0);
    load(samples.root, samples.count, place, known);  // L⁻¹, transposed: entry (j, i) of it
    Real half[6][6], white[6][6];
    for (int i = 0; i < 6; ++i)
        for (int j = 0; j < 6; ++j) {
            half[i][j] = splat(0.0);  // L⁻¹ C
            for (int k = 0; k <= i; ++k) half[i][j] = half[i][j] + known(k, i) * found(k, j);
        }
    for (int i = 0; i < 6; ++i)
        for (int j = 0; j < 6; ++j) {
            white[i][j] = splat(i == j ? -1.0 : 0.0);  // L⁻¹ C L⁻ᵀ − I
            for (int k = 0; k <= j; ++k) white[i][j] = white[i][j] + half[i][k] * known(k, j);
            squares = squares + white[i][j] * white[i][j];
        }
    for (int i = 0; i < 6; ++i)
        for (int j = 0; j < 6; ++j) {
            half[i][j] = splat(0.0);  // L⁻ᵀ (…)
            for (int k = i; k < 6; ++k) half[i][j] = half[i][j] + known(i, k) * white[k][j];
        }
    for (int i = 0; i < 6; ++i)
        for (int j = i; j < 6; ++j) {
            Real entry = splat(0.0);
            for (int k = j; k < 6; ++k) entry = entry + half[i][k] * known(j, k);
            gradient(i, j) = 2.0 * entry;
        }
    return squares;
}

// Squared error of stiffnesses, and the derivative with respect to them.
DMN_FN Real misfit(const StiffnessSamples& samples, const long* place, const Symmetric& found,
                   Symmetric& gradient) {
    return samples.scale ? relative_misfit(samples, place, found, gradient)
                         : whitened_misfit(samples, place, found, gradient);
}

}  // namespace dmn

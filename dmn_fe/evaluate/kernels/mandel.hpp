// Symmetric tensors as Mandel vectors, in the order 11, 22, 33, 23, 13, 12.
#pragma once

#include "dual.hpp"

namespace dmn {

template <class T> DMN_FN T trace(const T* tensor) { return tensor[0] + tensor[1] + tensor[2]; }

template <class T> DMN_FN void deviator(const T* tensor, T* result) {
    const T mean = trace(tensor) * (1.0 / 3.0);
    DMN_UNROLL
    for (int i = 0; i < 3; ++i) result[i] = tensor[i] - mean;
    DMN_UNROLL
    for (int i = 3; i < 6; ++i) result[i] = tensor[i];
}

template <class T> DMN_FN T square(const T* tensor) {
    T sum = tensor[0] * tensor[0];
    DMN_UNROLL
    for (int i = 1; i < 6; ++i) sum = sum + tensor[i] * tensor[i];
    return sum;
}

// Stiffness or tangent of a leaf or of a sub-tree: all 36 entries, or the 21 of a symmetric one.
template <bool symmetric> struct Stiffness;

template <> struct Stiffness<false> {
    static constexpr bool is_symmetric = false;
    static constexpr int size = 36;
    Real entry[36];
    static constexpr DMN_FN int place(int i, int j) { return 6 * i + j; }
    DMN_FN const Real& operator()(int i, int j) const { return entry[6 * i + j]; }
    DMN_FN Real& operator()(int i, int j) { return entry[6 * i + j]; }
};

template <> struct Stiffness<true> {
    static constexpr bool is_symmetric = true;
    static constexpr int size = 21;
    Real entry[21];
    // Rows of the upper triangle, one after the other.
    static constexpr DMN_FN int place(int i, int j) {
        return i <= j ? i * (11 - i) / 2 + j : j * (11 - j) / 2 + i;
    }
    DMN_FN const Real& operator()(int i, int j) const { return entry[place(i, j)]; }
    DMN_FN Real& operator()(int i, int j) { return entry[place(i, j)]; }
};

}  // namespace dmn

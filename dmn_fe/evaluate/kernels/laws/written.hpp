// What laws that a user writes are made from; see dmn_fe/evaluate/compiled_law.py.
#pragma once

#include "law.hpp"

namespace dmn {

#if defined(__CUDACC__) || defined(__CUDACC_RTC__)
// The compiler for the processor, which builds every law too, has checked the places.
DMN_FN void check_state(int, int) {}
DMN_FN void check_component(int) {}
#else
// Named so that the compiler's message tells what is wrong.
__attribute__((error("state: an index lies beyond state_size"))) void state_index_out_of_range();
__attribute__((error("strain or stress: an index lies beyond 5"))) void component_out_of_range();

DMN_FN void check_state(int i, int size) {
    if (__builtin_constant_p(i) && (i < 0 || i >= size)) state_index_out_of_range();
}
DMN_FN void check_component(int i) {
    if (__builtin_constant_p(i) && (i < 0 || i >= 6)) component_out_of_range();
}
#endif

// The history of a point. A place beyond its size does not compile where the index is known; where
// it is not, nothing is read or written there, and the point fails.
template <class Number, int size>
struct WrittenState {
    Number *numbers, *nowhere;
    bool* outside;
    DMN_FN Number& operator[](int i) const {
        check_state(i, size);
        if (i >= 0 && i < size) return numbers[i];
        *outside = true;
        return *nowhere;
    }
};

// Strain or stress, in the same way.
template <class Number>
struct WrittenTensor {
    Number *numbers, *nowhere;
    bool* outside;
    DMN_FN Number& operator[](int i) const {
        check_component(i);
        if (i >= 0 && i < 6) return numbers[i];
        *outside = true;
        return *nowhere;
    }
    DMN_FN operator Number*() const { return numbers; }
};

// Functions that such laws may expect, of parameters, of values, and of numbers with derivatives.
#if defined(__CUDACC__) || defined(__CUDACC_RTC__)
#define DMN_FUNCTION(name) ::name
#else
#define DMN_FUNCTION(name) std::name
#endif
DMN_FN double sin(double x) { return DMN_FUNCTION(sin)(x); }
DMN_FN double cos(double x) { return DMN_FUNCTION(cos)(x); }
DMN_FN double tanh(double x) { return DMN_FUNCTION(tanh)(x); }
DMN_FN double fabs(double x) { return x < 0.0 ? -x : x; }
DMN_FN double max(double a, double b) { return a > b ? a : b; }
DMN_FN double min(double a, double b) { return a < b ? a : b; }
#undef DMN_FUNCTION
#if DMN_LANES > 1
template <class F> DMN_FN Real in_each_lane(const Real& x, const F& f) {
    Real result = x;
    for (int l = 0; l < DMN_LANES; ++l) set_lane(result, l, f(lane(x, l)));
    return result;
}
DMN_FN double abs(double x) { return fabs(x); }
DMN_FN Real sin(const Real& x) { return in_each_lane(x, [](double own) { return sin(own); }); }
DMN_FN Real cos(const Real& x) { return in_each_lane(x, [](double own) { return cos(own); }); }
DMN_FN Real tanh(const Real& x) { return in_each_lane(x, [](double own) { return tanh(own); }); }
DMN_FN Real fabs(const Real& x) { return abs(x); }
DMN_FN Real max(const Real& a, const Real& b) { return maximum(a, b); }
DMN_FN Real min(const Real& a, const Real& b) { return minimum(a, b); }
DMN_FN Real max(const Real& a, double b) { return maximum(a, splat(b)); }
DMN_FN Real min(const Real& a, double b) { return minimum(a, splat(b)); }
DMN_FN Real max(double a, const Real& b) { return maximum(splat(a), b); }
DMN_FN Real min(double a, const Real& b) { return minimum(splat(a), b); }
// Of a condition on parameters alone.
DMN_FN Dual select(bool condition, const Dual& a, const Dual& b) { return condition ? a : b; }
#endif
DMN_FN Dual sin(const Dual& x) { return chain(x, sin(x.value), cos(x.value)); }
DMN_FN Dual cos(const Dual& x) { return chain(x, cos(x.value), -sin(x.value)); }
DMN_FN Dual tanh(const Dual& x) {
    const Real result = tanh(x.value);
    return chain(x, result, 1.0 - result * result);
}
DMN_FN Dual fabs(const Dual& x) { return abs(x); }
DMN_FN Dual max(const Dual& a, const Dual& b) { return select(a > b, a, b); }
DMN_FN Dual min(const Dual& a, const Dual& b) { return select(a < b, a, b); }

template <class Number> DMN_FN auto trace(const WrittenTensor<Number>& tensor) {
    return trace(tensor.numbers);
}
template <class Number> DMN_FN auto square(const WrittenTensor<Number>& tensor) {
    return square(tensor.numbers);
}
template <class Number, class T>
DMN_FN void deviator(const WrittenTensor<Number>& tensor, T* result) {
    deviator(tensor.numbers, result);
}
template <class Number, class T>
DMN_FN void deviator(const WrittenTensor<Number>& tensor, const WrittenTensor<T>& result) {
    deviator(tensor.numbers, result.numbers);
}

}  // namespace dmn

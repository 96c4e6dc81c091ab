// The numbers of the core: one double, or several points side by side in the lanes of a vector.
//
// Everything above this file is written for a type V that is either. Comparisons give a mask; a
// mask chooses by select(mask, a, b), so that no lane branches by itself. With DMN_LANES = 1, and
// on a GPU, V is double and a mask is a bool.
#pragma once

#if defined(__CUDACC__) || defined(__CUDACC_RTC__)
#define DMN_FN __device__ __forceinline__
#define DMN_LARGE __device__ __noinline__  // is compiled once
#else
#include <cmath>
#define DMN_FN inline __attribute__((always_inline))
#define DMN_LARGE __attribute__((noinline))
#endif

// Before a loop of few, known turns: the places in small arrays are then known when compiling.
#if defined(__clang__) || defined(__CUDACC__) || defined(__CUDACC_RTC__)
#define DMN_UNROLL _Pragma("unroll")
#else
#define DMN_UNROLL _Pragma("GCC unroll 36")
#endif

#ifndef DMN_LANES
#define DMN_LANES 1
#endif

namespace dmn {

#if DMN_LANES > 1
typedef double Real __attribute__((vector_size(8 * DMN_LANES)));
typedef decltype(Real{} < Real{}) Mask;
#else
typedef double Real;
typedef bool Mask;
#endif

// Of one number.
#if defined(__CUDACC__) || defined(__CUDACC_RTC__)
DMN_FN double sqrt(double x) { return ::sqrt(x); }
DMN_FN double expm1(double x) { return ::expm1(x); }
DMN_FN double exp(double x) { return ::exp(x); }
DMN_FN double log(double x) { return ::log(x); }
DMN_FN double pow(double x, double y) { return ::pow(x, y); }
#else
DMN_FN double sqrt(double x) { return __builtin_sqrt(x); }
DMN_FN double expm1(double x) { return std::expm1(x); }
DMN_FN double exp(double x) { return std::exp(x); }
DMN_FN double log(double x) { return std::log(x); }
DMN_FN double pow(double x, double y) { return std::pow(x, y); }
#endif

#if defined(__CUDACC__) || defined(__CUDACC_RTC__)
DMN_FN double not_a_number() { return ::nan(""); }
#else
DMN_FN double not_a_number() { return __builtin_nan(""); }
#endif

// The value in all lanes.
DMN_FN Real splat(double value) { return Real{} + value; }

#if DMN_LANES > 1

DMN_FN double lane(const Real& value, int i) { return value[i]; }
DMN_FN bool lane(const Mask& mask, int i) { return mask[i] != 0; }
DMN_FN void set_lane(Real& value, int i, double number) { value[i] = number; }
DMN_FN void set_lane(Mask& mask, int i, bool flag) { mask[i] = flag ? -1 : 0; }
DMN_FN Real select(const Mask& mask, const Real& a, const Real& b) { return mask ? a : b; }
DMN_FN Real select(const Mask& mask, double a, double b) { return mask ? splat(a) : splat(b); }

DMN_FN bool any(const Mask& mask) {
    long long found = 0;
    for (int i = 0; i < DMN_LANES; ++i) found |= mask[i];
    return found != 0;
}

#define DMN_EACH_LANE(result, expression) \
    Real result;                          \
    for (int i = 0; i < DMN_LANES; ++i) result[i] = expression;

DMN_FN Real sqrt(const Real& x) {
    DMN_EACH_LANE(root, __builtin_sqrt(x[i]))
    return root;
}

// The vector functions of glibc (libmvec, at most 4 units in the last place), where there are any.
#if defined(DMN_LIBMVEC) && DMN_LANES == 8 && defined(__AVX512F__)
extern "C" Real _ZGVeN8v_exp(Real);
extern "C" Real _ZGVeN8v_log(Real);
extern "C" Real _ZGVeN8vv_pow(Real, Real);
DMN_FN Real exp(const Real& x) { return _ZGVeN8v_exp(x); }
DMN_FN Real log(const Real& x) { return _ZGVeN8v_log(x); }
DMN_FN Real pow(const Real& x, const Real& y) { return _ZGVeN8vv_pow(x, y); }
#elif defined(DMN_LIBMVEC) && DMN_LANES == 4 && defined(__AVX2__)
extern "C" Real _ZGVdN4v_exp(Real);
extern "C" Real _ZGVdN4v_log(Real);
extern "C" Real _ZGVdN4vv_pow(Real, Real);
DMN_FN Real exp(const Real& x) { return _ZGVdN4v_exp(x); }
DMN_FN Real log(const Real& x) { return _ZGVdN4v_log(x); }
DMN_FN Real pow(const Real& x, const Real& y) { return _ZGVdN4vv_pow(x, y); }
#else
DMN_FN Real exp(const Real& x) {
    DMN_EACH_LANE(result, std::exp(x[i]))
    return result;
}
DMN_FN Real log(const Real& x) {
    DMN_EACH_LANE(result, std::log(x[i]))
    return result;
}
DMN_FN Real pow(const Real& x, const Real& y) {
    DMN_EACH_LANE(result, std::pow(x[i], y[i]))
    return result;
}
#endif
#undef DMN_EACH_LANE

#else

DMN_FN double lane(double value, int) { return value; }
DMN_FN bool lane(bool mask, int) { return mask; }
DMN_FN void set_lane(double& value, int, double number) { value = number; }
DMN_FN void set_lane(bool& mask, int, bool flag) { mask = flag; }
DMN_FN double select(bool mask, double a, double b) { return mask ? a : b; }
DMN_FN bool any(bool mask) { return mask; }

#endif

DMN_FN Mask no_lane() { return splat(0.0) != splat(0.0); }
DMN_FN Mask every_lane() { return splat(0.0) == splat(0.0); }
// Not -mask: in one lane a mask is a bool.
DMN_FN Mask is_not(const Mask& mask) { return mask == no_lane(); }
DMN_FN bool all(const Mask& mask) { return !any(is_not(mask)); }
DMN_FN Real abs(const Real& x) { return select(x < 0.0, -x, x); }
DMN_FN Real maximum(const Real& a, const Real& b) { return select(a > b, a, b); }
DMN_FN Real minimum(const Real& a, const Real& b) { return select(a < b, a, b); }
// Neither infinite nor not a number.
DMN_FN Mask finite(const Real& x) { return (x - x) == 0.0; }

}  // namespace dmn

// Forward differentiation: a number with its derivatives along the six strain components.
//
// A law is written for a type T that is Real or Dual; its stress evaluated for Dual strains carries
// its consistent tangent. Iterations of a law run on values alone, and one last step of Newton for
// Dual numbers carries the derivative.
#pragma once

#include "lanes.hpp"

namespace dmn {

struct Dual {
    Real value;
    Real slope[6];

    Dual() = default;
#if DMN_LANES > 1
    DMN_FN Dual(double number) : Dual(splat(number)) {}
#endif
    DMN_FN Dual(const Real& number) : value(number) {
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) slope[i] = splat(0.0);
    }
};

template <class T> struct IsNumber { static constexpr bool value = false; };
template <> struct IsNumber<double> { static constexpr bool value = true; };
#if DMN_LANES > 1
template <> struct IsNumber<Real> { static constexpr bool value = true; };
#endif
template <bool condition> struct EnableIf {};
template <> struct EnableIf<true> { typedef int type; };
// What has no derivative: one number for all lanes, or one a lane.
#define DMN_NUMBER class S, typename EnableIf<IsNumber<S>::value>::type = 0

// A number without derivative.
template <class T> DMN_FN T constant(double number);
template <> DMN_FN Real constant<Real>(double number) { return splat(number); }
template <> DMN_FN Dual constant<Dual>(double number) { return number; }

DMN_FN const Real& value(const Real& x) { return x; }
DMN_FN const Real& value(const Dual& x) { return x.value; }

// x where the function has the value and derivative that are given.
DMN_FN Dual chain(const Dual& x, const Real& value, const Real& derivative) {
    Dual result;
    result.value = value;
    DMN_UNROLL
    for (int i = 0; i < 6; ++i) result.slope[i] = derivative * x.slope[i];
    return result;
}

DMN_FN Dual operator+(const Dual& a, const Dual& b) {
    Dual result;
    result.value = a.value + b.value;
    DMN_UNROLL
    for (int i = 0; i < 6; ++i) result.slope[i] = a.slope[i] + b.slope[i];
    return result;
}
DMN_FN Dual operator-(const Dual& a, const Dual& b) {
    Dual result;
    result.value = a.value - b.value;
    DMN_UNROLL
    for (int i = 0; i < 6; ++i) result.slope[i] = a.slope[i] - b.slope[i];
    return result;
}
DMN_FN Dual operator*(const Dual& a, const Dual& b) {
    Dual result;
    result.value = a.value * b.value;
    DMN_UNROLL
    for (int i = 0; i < 6; ++i) result.slope[i] = a.slope[i] * b.value + b.slope[i] * a.value;
    return result;
}
DMN_FN Dual operator/(const Dual& a, const Dual& b) {
    Dual result;
    const Real inverse = 1.0 / b.value;
    result.value = a.value * inverse;
    DMN_UNROLL
    for (int i = 0; i < 6; ++i)
        result.slope[i] = (a.slope[i] - result.value * b.slope[i]) * inverse;
    return result;
}
DMN_FN Dual operator-(const Dual& a) {
    Dual result;
    result.value = -a.value;
    DMN_UNROLL
    for (int i = 0; i < 6; ++i) result.slope[i] = -a.slope[i];
    return result;
}

template <DMN_NUMBER> DMN_FN Dual operator+(Dual a, const S& b) {
    a.value = a.value + b;
    return a;
}
template <DMN_NUMBER> DMN_FN Dual operator+(const S& a, const Dual& b) { return b + a; }
template <DMN_NUMBER> DMN_FN Dual operator-(Dual a, const S& b) {
    a.value = a.value - b;
    return a;
}
template <DMN_NUMBER> DMN_FN Dual operator-(const S& a, const Dual& b) { return -b + a; }
template <DMN_NUMBER> DMN_FN Dual operator*(Dual a, const S& b) {
    a.value = a.value * b;
    DMN_UNROLL
    for (int i = 0; i < 6; ++i) a.slope[i] = a.slope[i] * b;
    return a;
}
template <DMN_NUMBER> DMN_FN Dual operator*(const S& a, const Dual& b) { return b * a; }
template <DMN_NUMBER> DMN_FN Dual operator/(const Dual& a, const S& b) { return a * (1.0 / b); }
template <DMN_NUMBER> DMN_FN Dual operator/(const S& a, const Dual& b) {
    const Real quotient = a / b.value;
    return chain(b, quotient, -quotient / b.value);
}

DMN_FN Dual& operator+=(Dual& a, const Dual& b) { return a = a + b; }
DMN_FN Dual& operator-=(Dual& a, const Dual& b) { return a = a - b; }
DMN_FN Dual& operator*=(Dual& a, const Dual& b) { return a = a * b; }
DMN_FN Dual& operator/=(Dual& a, const Dual& b) { return a = a / b; }

template <DMN_NUMBER> DMN_FN Mask operator<(const Dual& a, const S& b) { return a.value < b; }
template <DMN_NUMBER> DMN_FN Mask operator>(const Dual& a, const S& b) { return a.value > b; }
template <DMN_NUMBER> DMN_FN Mask operator<=(const Dual& a, const S& b) { return a.value <= b; }
template <DMN_NUMBER> DMN_FN Mask operator>=(const Dual& a, const S& b) { return a.value >= b; }
DMN_FN Mask operator<(const Dual& a, const Dual& b) { return a.value < b.value; }
DMN_FN Mask operator>(const Dual& a, const Dual& b) { return a.value > b.value; }
DMN_FN Mask operator<=(const Dual& a, const Dual& b) { return a.value <= b.value; }
DMN_FN Mask operator>=(const Dual& a, const Dual& b) { return a.value >= b.value; }

DMN_FN Dual select(const Mask& mask, const Dual& a, const Dual& b) {
    Dual result;
    result.value = select(mask, a.value, b.value);
    DMN_UNROLL
    for (int i = 0; i < 6; ++i) result.slope[i] = select(mask, a.slope[i], b.slope[i]);
    return result;
}
DMN_FN Dual select(const Mask& mask, const Dual& a, double b) {
    return select(mask, a, Dual(b));
}
DMN_FN Dual select(const Mask& mask, double a, const Dual& b) { return select(is_not(mask), b, a); }
#if DMN_LANES > 1
DMN_FN Real select(const Mask& mask, const Real& a, double b) { return select(mask, a, splat(b)); }
DMN_FN Real select(const Mask& mask, double a, const Real& b) { return select(mask, splat(a), b); }
DMN_FN Real maximum(const Real& a, double b) { return maximum(a, splat(b)); }
DMN_FN Real minimum(const Real& a, double b) { return minimum(a, splat(b)); }
DMN_FN Real pow(const Real& x, double y) { return pow(x, splat(y)); }
#endif

DMN_FN Dual sqrt(const Dual& x) {
    const Real root = sqrt(x.value);
    return chain(x, root, 0.5 / root);
}
DMN_FN Dual exp(const Dual& x) {
    const Real result = exp(x.value);
    return chain(x, result, result);
}
DMN_FN Dual log(const Dual& x) { return chain(x, log(x.value), 1.0 / x.value); }
DMN_FN Dual pow(const Dual& x, double exponent) {
    const Real result = pow(x.value, splat(exponent));
    return chain(x, result, exponent * pow(x.value, splat(exponent - 1.0)));
}
DMN_FN Dual pow(const Dual& x, const Dual& exponent) { return exp(exponent * log(x)); }
DMN_FN Dual abs(const Dual& x) { return select(x < 0.0, -x, x); }

}  // namespace dmn

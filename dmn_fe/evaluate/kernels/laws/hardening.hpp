// Isotropic hardening: yield stress, slope, and its slope, over the equivalent plastic strain p.
// The torch twins are in dmn_fe/laws/hardening.py.
#pragma once

#include "../mandel.hpp"

namespace dmn {

struct LinearHardening {
    static constexpr int parameter_count = 2;
    double yield_stress, modulus;
    DMN_FN explicit LinearHardening(const double* p) : yield_stress(p[0]), modulus(p[1]) {}
    DMN_FN void operator()(const Real& p, Real& stress, Real& slope) const {
        stress = yield_stress + modulus * p;
        slope = splat(modulus);
    }
    DMN_FN Real curvature(const Real&, const Real&) const { return splat(0.0); }
};

struct VoceHardening {
    static constexpr int parameter_count = 4;
    double yield_stress, saturation, rate, modulus;
    DMN_FN explicit VoceHardening(const double* p)
        : yield_stress(p[0]), saturation(p[1]), rate(p[2]), modulus(p[3]) {}
    DMN_FN void operator()(const Real& p, Real& stress, Real& slope) const {
        const Real decay = exp(-rate * p);
        stress = yield_stress + modulus * p + saturation * (1.0 - decay);
        slope = modulus + saturation * rate * decay;
    }
    DMN_FN Real curvature(const Real&, const Real& slope) const { return rate * (modulus - slope); }
};

struct PowerHardening {
    static constexpr int parameter_count = 3;
    double yield_stress, reference_strain, exponent;
    DMN_FN explicit PowerHardening(const double* p)
        : yield_stress(p[0]), reference_strain(p[1]), exponent(p[2]) {}
    DMN_FN void operator()(const Real& p, Real& stress, Real& slope) const {
        const Real base = 1.0 + p / reference_strain;
        stress = yield_stress * pow(base, exponent);
        slope = exponent * stress / (base * reference_strain);
    }
    DMN_FN Real curvature(const Real& p, const Real& slope) const {
        return (exponent - 1.0) * slope / (reference_strain + p);
    }
};

}  // namespace dmn

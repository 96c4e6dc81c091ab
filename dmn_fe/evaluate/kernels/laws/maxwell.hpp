// The generalised Maxwell model, exact for strains that are linear in time within a step.
// The torch twin is dmn_fe/laws/maxwell.py.
#pragma once

#include "law.hpp"

namespace dmn {

template <int branches>
struct Maxwell {
    static constexpr int state_size = 6 + 6 * branches;  // strain, stress of every branch
    static constexpr int parameter_count = 2 + 3 * branches;
    static constexpr bool symmetric = true;
    static constexpr bool gives_tangent = true;
    double bulk, shear;
    double kept[branches], branch_bulk[branches], branch_shear[branches];
    bool passes;  // whether any time does

    DMN_FN Maxwell(const double* p, double dt) : bulk(p[0]), shear(p[1]), passes(dt != 0.0) {
        for (int k = 0; k < branches; ++k) {
            const double* branch = p + 2 + 3 * k;  // shear modulus, time, bulk modulus
            const double x = dt / branch[1];
            kept[k] = exp(-x);
            const double added = x > 0.0 ? -expm1(-x) / x : 1.0;
            branch_shear[k] = added * branch[0];
            branch_bulk[k] = added * branch[2];
        }
    }

    DMN_FN bool may_stay_elastic() const { return !passes; }

    DMN_FN Outcome respond(const Real* strain, const Real* old, const Step&, Real* stress,
                           Real* updated) const {
        spring(bulk, shear, strain, stress);
        for (int k = 0; k < branches; ++k) {
            Real change[6], added[6];
            DMN_UNROLL
            for (int i = 0; i < 6; ++i) change[i] = strain[i] - old[i];
            spring(branch_bulk[k], branch_shear[k], change, added);
            DMN_UNROLL
            for (int i = 0; i < 6; ++i) {
                const int place = 6 + 6 * k + i;
                updated[place] = kept[k] * old[place] + added[i];
                stress[i] = stress[i] + updated[place];
            }
        }
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) updated[i] = strain[i];
        return {passes ? no_lane() : every_lane(), no_lane()};
    }

    template <class S>
    DMN_FN Outcome respond_with_tangent(const Real* strain, const Real* old, const Step& step,
                                        Real* stress, S& tangent, Real* updated) const {
        double all_bulk = bulk, all_shear = shear;
        for (int k = 0; k < branches; ++k) {
            all_bulk += branch_bulk[k];
            all_shear += branch_shear[k];
        }
        isotropic_stiffness(splat(all_bulk), splat(all_shear), tangent);
        return respond(strain, old, step, stress, updated);
    }

  private:
    static DMN_FN void spring(double bulk, double shear, const Real* strain, Real* stress) {
        Real shape[6];
        deviator(strain, shape);
        const Real pressure = bulk * trace(strain);
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) {
            stress[i] = 2.0 * shear * shape[i];
            if (i < 3) stress[i] = stress[i] + pressure;
        }
    }
};

}  // namespace dmn

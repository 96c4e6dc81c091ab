// The laws of the leaves of a network, at the strains of some points.
#pragma once

#include "findings.hpp"
#include "phases.hpp"

namespace dmn {

template <class Laws>
class LeafLaws {
  public:
    static constexpr bool symmetric = Laws::symmetric;

    // `work` holds work_size() numbers.
    DMN_FN LeafLaws(const Network& network, const double* parameters, double dt, Stored* work)
        : network_(network), laws_(parameters, dt), strain_(work),
          old_(work + 6 * network.leaf_count), updated_(old_ + network.state_size) {}

    static DMN_FN long work_size(const Network& network) {
        return 6L * network.leaf_count + 2L * network.state_size;
    }

    DMN_FN Stored* strain(int number) { return strain_ + 6 * number; }
    DMN_FN Stored* old_state() { return old_; }
    DMN_FN const Stored* updated_state() const { return updated_; }
    DMN_FN bool may_stay_elastic() const { return laws_.may_stay_elastic(); }

    // Stress and tangent of one leaf.
    DMN_FN void respond(int number, const Step& step, Response<symmetric>& result, Gathered& g) {
        const Leaf& leaf = network_.leaves[number];
        const double* turn = leaf.turn < 0 ? nullptr : network_.turns + 36 * leaf.turn;
        Real strain[6];
        material_strain(number, turn, strain);
        Outcome outcome = {no_lane(), every_lane()};
        laws_.at(leaf.phase, [&](const auto& law) {
            evaluate(law, leaf.state, [&](const Real* old, Real* updated) {
                outcome = stress_and_tangent(law, strain, old, step, result.stress,
                                             result.stiffness, updated);
            });
        });
        if (turn) {
            from_material(turn, result.stress);
            from_material(turn, result.stiffness);
        }
        g.leaf(leaf.share, result.stress, outcome);
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) result.relaxed[i] = result.stress[i];
    }

    // Stress alone.
    DMN_FN void respond_stress(int number, const Step& step, Stored* stress, Gathered& g) {
        const Leaf& leaf = network_.leaves[number];
        const double* turn = leaf.turn < 0 ? nullptr : network_.turns + 36 * leaf.turn;
        Real strain[6];
        material_strain(number, turn, strain);
        Fill<Numbers<6>> filled(stress);
        Real* result = filled.it.entry;
        Outcome outcome = {no_lane(), every_lane()};
        laws_.at(leaf.phase, [&](const auto& law) {
            evaluate(law, leaf.state, [&](const Real* old, Real* updated) {
                outcome = law.respond(strain, old, step, result, updated);
            });
        });
        if (turn) from_material(turn, result);
        g.leaf(leaf.share, result, outcome);
    }

  private:
    // In the axes of the leaf's material.
    DMN_FN void material_strain(int number, const double* turn, Real* result) const {
        const Look<Numbers<6>> kept(strain_ + 6 * number);
        if (turn) {
            to_material(turn, kept.it.entry, result);
            return;
        }
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) result[i] = kept.it.entry[i];
    }

    // Calls f(old, updated) with the history of a leaf.
    template <class Law, class F>
    DMN_FN void evaluate(const Law&, int state, const F& f) {
        typedef Numbers<Law::state_size> History;
        const Look<History> old(old_ + state);
        Fill<History> updated(updated_ + state);
        f(old.it.entry, updated.it.entry);
    }

    Network network_;
    Laws laws_;
    Stored *strain_, *old_, *updated_;
};

}  // namespace dmn

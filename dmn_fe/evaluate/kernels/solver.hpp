// Newton's iteration over the interface jumps of a network, for as many points as there are lanes.
//
// The unknowns of a point are the jumps of all laminates; the leaf strains follow from them and
// from the strain of the point. One pass goes up the tree: laws of the leaves, mean stresses,
// tractions out of balance, homogenised stiffness; and one goes down: change of the jumps, and the
// new strains of the leaves. A lane whose point is finished takes the next point at once.
#pragma once

#include "network.hpp"
#include "phases.hpp"

namespace dmn {

constexpr double overshoot = 0.5;      // slope at a step, relative to its start, that is too steep
constexpr double slope_round_off = 1e-10;  // slope relative to |σ||Δε| that tells nothing
constexpr int max_search = 20;         // steps that are tried along one direction

template <class Laws>
class Solver {
  public:
    static constexpr bool symmetric = Laws::symmetric;

    // What one pass up tells of every point.
    struct Findings {
        Real residual;  // largest traction out of balance, relative to the stress
        Real slope;     // of the incremental energy along the last direction
        Real scale;     // root mean square of the leaf stresses
        Outcome outcome;
    };

    // `work` holds work_size() numbers.
    DMN_FN Solver(const Network& network, const double* parameters, double dt, Real* work)
        : network_(network), laws_(parameters, dt) {
        const int leaves = network.leaf_count, laminates = leaves - 1;
        strain_ = work;
        base_ = strain_ + 6 * leaves;
        direction_ = base_ + 3 * laminates;
        old_ = direction_ + 3 * laminates;
        updated_ = old_ + network.state_size;
        local_ = reinterpret_cast<Localisation*>(updated_ + network.state_size);
        stack_ = reinterpret_cast<Response<symmetric>*>(local_ + laminates);
        strains_ = reinterpret_cast<Divided*>(stack_ + network.depth + 1);
    }

    static DMN_FN long work_size(const Network& network) {
        const long leaves = network.leaf_count, each = sizeof(Localisation) / sizeof(Real);
        const long stacked = (sizeof(Response<symmetric>) + sizeof(Divided)) / sizeof(Real);
        return 6 * leaves + (6 + each) * (leaves - 1) + 2 * network.state_size +
               stacked * (network.depth + 1);
    }

    DMN_FN Real* base() { return base_; }            // jumps [laminates, 3]
    DMN_FN Real* direction() { return direction_; }  // of the jumps
    DMN_FN Real* old_state() { return old_; }
    DMN_FN const Real* updated_state() const { return updated_; }
    // At the root, after a pass up.
    DMN_FN const Real* stress() const { return stack_[0].stress; }
    DMN_FN const Stiffness<symmetric>& tangent() const { return stack_[0].stiffness; }

    // Laws of all leaves with their tangents, homogenised.
    DMN_LARGE Findings up(const Step& step, const Real& least_scale) {
        Gathered g;
        int top = 0;
        for (int place = 0; place < 2 * network_.leaf_count - 1; ++place) {
            const int node = network_.nodes[place];
            if (node >= 0) {
                respond(node, step, stack_[top], g);
                ++top;
            } else {
                const Interface& at = network_.interfaces[~node];
                Localisation& local = local_[~node];
                --top;
                mix(at, stack_[top - 1], stack_[top], local);
                weigh(at, local.imbalance, direction_ + 3 * ~node, g);
            }
        }
        return findings(g, least_scale);
    }

    // Laws of all leaves, stress alone.
    DMN_LARGE Findings up_stress(const Step& step, const Real& least_scale) {
        Gathered g;
        int top = 0;
        for (int place = 0; place < 2 * network_.leaf_count - 1; ++place) {
            const int node = network_.nodes[place];
            if (node >= 0) {
                respond_stress(node, step, stack_[top].stress, g);
                ++top;
                continue;
            }
            const Interface& at = network_.interfaces[~node];
            --top;
            Real *first = stack_[top - 1].stress, *second = stack_[top].stress;
            Real difference[6], imbalance[3];
            DMN_UNROLL
            for (int i = 0; i < 6; ++i) {
                difference[i] = first[i] - second[i];
                first[i] = second[i] + at.fraction * difference[i];
            }
            traction(at, difference, imbalance);
            weigh(at, imbalance, direction_ + 3 * ~node, g);
        }
        return findings(g, least_scale);
    }

    // Jumps base + t direction, and the strains of the leaves that belong to them.
    //
    // Points that `accept` their last step first move their base by `taken` and get a new
    // direction. Gives the slope of the energy and the square of the size of the change of strain
    // along the direction, of the points that accept.
    DMN_LARGE void down(const Real* macro_strain, const Mask& accept, const Real& taken, const Real& t,
                     Real& slope, Real& size) {
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) {
            strains_[0].strain[i] = macro_strain[i];
            strains_[0].change[i] = splat(0.0);
        }
        slope = size = splat(0.0);
        int top = 0;
        for (int place = 2 * network_.leaf_count - 2; place >= 0; --place) {
            const int node = network_.nodes[place];
            if (node >= 0) {
                DMN_UNROLL
                for (int i = 0; i < 6; ++i) strain_[6 * node + i] = strains_[top].strain[i];
                --top;
                continue;
            }
            const Interface& at = network_.interfaces[~node];
            const Localisation& local = local_[~node];
            Divided &own = strains_[top], &other = strains_[top + 1];
            Real jump[3];
            DMN_UNROLL
            for (int r = 0; r < 3; ++r) {
                jump[r] = local.b[r];
                DMN_UNROLL
                for (int i = 0; i < 6; ++i) jump[r] = jump[r] + local.k[r][i] * own.change[i];
            }
            divide(at, own.change, jump, own.change, other.change);
            // |H a|² = (|a|² + (a · n)²) / 2
            Real square = splat(0.0), normal = splat(0.0);
            Real trial[3];
            DMN_UNROLL
            for (int r = 0; r < 3; ++r) {
                slope = slope - at.weight * local.imbalance[r] * jump[r];
                square = square + jump[r] * jump[r];
                normal = normal + at.n[r] * jump[r];
                Real& base = base_[3 * ~node + r];
                Real& direction = direction_[3 * ~node + r];
                base = select(accept, base + taken * direction, base);
                direction = select(accept, jump[r], direction);
                trial[r] = base + t * direction;
            }
            size = size + (0.5 * at.weight) * (square + normal * normal);
            divide(at, own.strain, trial, own.strain, other.strain);
            ++top;
        }
    }

    // Strains of the leaves that belong to the jumps `base`.
    DMN_LARGE void down_without_change(const Real* macro_strain) {
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) strains_[0].strain[i] = macro_strain[i];
        int top = 0;
        for (int place = 2 * network_.leaf_count - 2; place >= 0; --place) {
            const int node = network_.nodes[place];
            Real* strain = strains_[top].strain;
            if (node >= 0) {
                DMN_UNROLL
                for (int i = 0; i < 6; ++i) strain_[6 * node + i] = strain[i];
                --top;
            } else {
                const Real* jump = base_ + 3 * ~node;
                divide(network_.interfaces[~node], strain, jump, strain, strains_[top + 1].strain);
                ++top;
            }
        }
    }

    // Jumps [laminates, 3] and strains of the leaves [leaves, 6] with which the network, linearised
    // where the last pass up found it, answers a strain.
    DMN_LARGE void answer(const Real* macro_strain, Real* jumps, Real* strains) {
        for (int i = 0; i < 6; ++i) strains_[0].change[i] = macro_strain[i];
        int top = 0;
        for (int place = 2 * network_.leaf_count - 2; place >= 0; --place) {
            const int node = network_.nodes[place];
            Real* change = strains_[top].change;
            if (node >= 0) {
                for (int i = 0; i < 6; ++i) strains[6 * node + i] = change[i];
                --top;
                continue;
            }
            Real* jump = jumps + 3 * ~node;
            for (int r = 0; r < 3; ++r) {
                jump[r] = local_[~node].k[r][0] * change[0];
                for (int i = 1; i < 6; ++i) jump[r] = jump[r] + local_[~node].k[r][i] * change[i];
            }
            divide(network_.interfaces[~node], change, jump, change, strains_[top + 1].change);
            ++top;
        }
    }

    // Law of one leaf with its tangent.
    DMN_FN void respond_at(int number, const Step& step, Response<symmetric>& result) {
        Gathered ignored;
        respond(number, step, result, ignored);
    }

  private:
    // Of a node on the way down: strain, and change of strain of the next step.
    struct Divided {
        Real strain[6], change[6];
    };

    // Sums over the tree.
    struct Gathered {
        Real largest = splat(0.0), slope = splat(0.0), squares = splat(0.0);
        Outcome outcome = {every_lane(), no_lane()};
    };

    DMN_FN void respond(int number, const Step& step, Response<symmetric>& result, Gathered& g) {
        const Leaf& leaf = network_.leaves[number];
        const Real* strain = strain_ + 6 * number;
        const double* turn = leaf.turn < 0 ? nullptr : network_.turns + 36 * leaf.turn;
        Real turned[6];
        if (turn) {
            to_material(turn, strain, turned);
            strain = turned;
        }
        laws_.at(leaf.phase, [&](const auto& law) {
            note(stress_and_tangent(law, strain, old_ + leaf.state, step, result.stress,
                                    result.stiffness, updated_ + leaf.state), g);
        });
        if (turn) {
            from_material(turn, result.stress);
            from_material(turn, result.stiffness);
        }
        g.squares = g.squares + leaf.share * square(result.stress);
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) result.relaxed[i] = result.stress[i];
    }

    DMN_FN void respond_stress(int number, const Step& step, Real* stress, Gathered& g) {
        const Leaf& leaf = network_.leaves[number];
        const Real* strain = strain_ + 6 * number;
        const double* turn = leaf.turn < 0 ? nullptr : network_.turns + 36 * leaf.turn;
        Real turned[6];
        if (turn) {
            to_material(turn, strain, turned);
            strain = turned;
        }
        laws_.at(leaf.phase, [&](const auto& law) {
            note(law.respond(strain, old_ + leaf.state, step, stress, updated_ + leaf.state), g);
        });
        if (turn) from_material(turn, stress);
        g.squares = g.squares + leaf.share * square(stress);
    }

    DMN_FN void note(const Outcome& outcome, Gathered& g) {
        g.outcome.elastic = g.outcome.elastic & outcome.elastic;
        g.outcome.failed = g.outcome.failed | outcome.failed;
    }

    // A laminate counts by √(share f1 f2), as in the energy that the iteration lowers.
    DMN_FN void weigh(const Interface& at, const Real* imbalance, const Real* direction,
                      Gathered& g) {
        Real square = splat(0.0), work = splat(0.0);
        DMN_UNROLL
        for (int r = 0; r < 3; ++r) {
            square = square + imbalance[r] * imbalance[r];
            work = work + imbalance[r] * direction[r];
        }
        // Written so that what is not a number stays.
        g.largest = select(at.weight * square <= g.largest, g.largest, at.weight * square);
        g.slope = g.slope - at.weight * work;
    }

    DMN_FN Findings findings(const Gathered& g, const Real& least_scale) {
        const Real scale = maximum(sqrt(g.squares), least_scale);
        const Real residual = sqrt(g.largest) / select(scale > 0.0, scale, splat(1.0));
        return {residual, g.slope, scale, g.outcome};
    }

    Network network_;
    Laws laws_;
    Real *strain_, *base_, *direction_, *old_, *updated_;
    Localisation* local_;
    Response<symmetric>* stack_;
    Divided* strains_;
};

}  // namespace dmn

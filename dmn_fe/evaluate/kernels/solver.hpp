// Newton's iteration over the interface jumps of a network, for as many points as there are lanes.
//
// The unknowns of a point are the jumps of all laminates; the leaf strains follow from them and
// from the strain of the point. One pass goes up the tree: laws of the leaves, mean stresses,
// tractions out of balance, homogenised stiffness; and one goes down: change of the jumps, and the
// new strains of the leaves. A lane whose point is finished takes the next point at once.
#pragma once

#include "leaf_laws.hpp"

namespace dmn {

template <class Laws>
class Solver {
  public:
    static constexpr bool symmetric = Laws::symmetric;

    // `work` holds work_size() numbers.
    DMN_FN Solver(const Network& network, const double* parameters, double dt, Stored* work)
        : network_(network), leaves_(network, parameters, dt, work) {
        const int laminates = network.leaf_count - 1;
        base_ = work + LeafLaws<Laws>::work_size(network);
        direction_ = base_ + 3 * laminates;
        local_ = direction_ + 3 * laminates;
        stack_ = local_ + number_count<Localisation> * laminates;
        strains_ = stack_ + number_count<Subtree> * (network.depth + 1);
    }

    static DMN_FN long work_size(const Network& network) {
        const long laminates = network.leaf_count - 1, each = 6 + number_count<Localisation>;
        const long stacked = number_count<Subtree> + number_count<Divided>;
        return LeafLaws<Laws>::work_size(network) + each * laminates +
               stacked * (network.depth + 1);
    }

    DMN_FN Stored* base() { return base_; }            // jumps [laminates, 3]
    DMN_FN Stored* direction() { return direction_; }  // of the jumps
    DMN_FN Stored* old_state() { return leaves_.old_state(); }
    DMN_FN const Stored* updated_state() const { return leaves_.updated_state(); }
    // At the root, after a pass up.
    DMN_FN const Stored* stress() const { return stress_of(0); }
    DMN_FN Real tangent(int i, int j) const { return stack_[Stiffness<symmetric>::place(i, j)]; }

    DMN_FN bool may_stay_elastic() const { return leaves_.may_stay_elastic(); }

    // Laws of all leaves with their tangents, homogenised.
    DMN_LARGE Findings up(const Step& step, const Real& least_scale) {
        Gathered g;
        int top = 0;
        for (int place = 0; place < 2 * network_.leaf_count - 1; ++place) {
            const int node = network_.nodes[place];
            if (node >= 0) {
                Fill<Subtree> result(subtree(top));
                leaves_.respond(node, step, result.it, g);
                ++top;
            } else {
                const Interface& at = network_.interfaces[~node];
                --top;
                Edit<Subtree> first(subtree(top - 1));
                const Look<Subtree> second(subtree(top));
                Fill<Localisation> local(localisation(~node));
                mix(at, first.it, second.it, local.it);
                g.laminate(at, local.it.imbalance, direction_ + 3 * ~node);
            }
        }
        return g.findings(least_scale);
    }

    // Laws of all leaves, stress alone; ends where no point is elastic any more.
    DMN_LARGE Findings up_elastic(const Step& step, const Real& least_scale) {
        Gathered g;
        int top = 0;
        for (int place = 0; place < 2 * network_.leaf_count - 1; ++place) {
            const int node = network_.nodes[place];
            if (node >= 0) {
                leaves_.respond_stress(node, step, stress_of(top), g);
                if (g.none_elastic()) break;
                ++top;
                continue;
            }
            const Interface& at = network_.interfaces[~node];
            --top;
            Stored *first = stress_of(top - 1), *second = stress_of(top);
            Real difference[6], imbalance[3];
            DMN_UNROLL
            for (int i = 0; i < 6; ++i) {
                const Real other = second[i];
                difference[i] = first[i] - other;
                first[i] = other + at.fraction * difference[i];
            }
            traction(at, difference, imbalance);
            g.laminate(at, imbalance, direction_ + 3 * ~node);
        }
        return g.findings(least_scale);
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
            strains_[i] = macro_strain[i];
            strains_[6 + i] = splat(0.0);
        }
        slope = size = splat(0.0);
        int top = 0;
        for (int place = 2 * network_.leaf_count - 2; place >= 0; --place) {
            const int node = network_.nodes[place];
            if (node >= 0) {
                DMN_UNROLL
                for (int i = 0; i < 6; ++i) leaves_.strain(node)[i] = divided(top)[i];
                --top;
                continue;
            }
            const Interface& at = network_.interfaces[~node];
            const Look<Localisation> kept(localisation(~node));
            Edit<Divided> first(divided(top));
            Fill<Divided> second(divided(top + 1));
            const Localisation& local = kept.it;
            Divided &own = first.it, &other = second.it;
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
                const int place = 3 * ~node + r;
                const Real base = base_[place], direction = direction_[place];
                const Real moved = select(accept, base + taken * direction, base);
                const Real along = select(accept, jump[r], direction);
                base_[place] = moved;
                direction_[place] = along;
                trial[r] = moved + t * along;
            }
            size = size + (0.5 * at.weight) * (square + normal * normal);
            divide(at, own.strain, trial, own.strain, other.strain);
            ++top;
        }
    }

    // Strains of the leaves that belong to the jumps `base`.
    DMN_LARGE void down_without_change(const Real* macro_strain) {
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) strains_[i] = macro_strain[i];
        int top = 0;
        for (int place = 2 * network_.leaf_count - 2; place >= 0; --place) {
            const int node = network_.nodes[place];
            if (node >= 0) {
                DMN_UNROLL
                for (int i = 0; i < 6; ++i) leaves_.strain(node)[i] = divided(top)[i];
                --top;
            } else {
                const Look<Numbers<3>> jump(base_ + 3 * ~node);
                Edit<Numbers<6>> first(divided(top));
                Fill<Numbers<6>> second(divided(top + 1));
                divide(network_.interfaces[~node], first.it.entry, jump.it.entry, first.it.entry,
                       second.it.entry);
                ++top;
            }
        }
    }

    // Jumps [laminates, 3] and strains of the leaves [leaves, 6] with which the network, linearised
    // where the last pass up found it, answers a strain.
    DMN_LARGE void answer(const Real* macro_strain, Real* jumps, Real* strains) {
        for (int i = 0; i < 6; ++i) strains_[i] = macro_strain[i];
        int top = 0;
        for (int place = 2 * network_.leaf_count - 2; place >= 0; --place) {
            const int node = network_.nodes[place];
            if (node >= 0) {
                for (int i = 0; i < 6; ++i) strains[6 * node + i] = divided(top)[i];
                --top;
                continue;
            }
            const Look<Localisation> local(localisation(~node));
            Edit<Numbers<6>> first(divided(top));
            Fill<Numbers<6>> second(divided(top + 1));
            Real *change = first.it.entry, *jump = jumps + 3 * ~node;
            for (int r = 0; r < 3; ++r) {
                jump[r] = local.it.k[r][0] * change[0];
                for (int i = 1; i < 6; ++i) jump[r] = jump[r] + local.it.k[r][i] * change[i];
            }
            divide(network_.interfaces[~node], change, jump, change, second.it.entry);
            ++top;
        }
    }

    // Law of one leaf with its tangent.
    DMN_FN void respond_at(int number, const Step& step, Response<symmetric>& result) {
        Gathered ignored;
        leaves_.respond(number, step, result, ignored);
    }

  private:
    typedef Response<symmetric> Subtree;

    // Of a node on the way down: strain, and change of strain of the next step.
    struct Divided {
        Real strain[6], change[6];
    };

    DMN_FN Stored* subtree(int top) const { return stack_ + number_count<Subtree> * top; }
    // Its mean stress, the last of its numbers.
    DMN_FN Stored* stress_of(int top) const { return subtree(top + 1) - 6; }
    DMN_FN Stored* localisation(int laminate) const {
        return local_ + number_count<Localisation> * laminate;
    }
    DMN_FN Stored* divided(int top) const { return strains_ + number_count<Divided> * top; }

    Network network_;
    LeafLaws<Laws> leaves_;
    // Jumps and their directions; Localisation of the laminates; Response of what is not yet mixed;
    // Divided of what is not yet divided.
    Stored *base_, *direction_, *local_, *stack_, *strains_;
};

}  // namespace dmn

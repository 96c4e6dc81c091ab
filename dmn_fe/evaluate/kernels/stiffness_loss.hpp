// Errors of a network's stiffness on samples, and their exact derivatives: one training step.
//
// The derivatives are those of dmn_fe/network/laminate_gradient.py, at fixed K. Samples lie in the
// lanes; what a laminate needs on the way back is kept from the way up.
#pragma once

#include "laminate_gradient.hpp"
#include "misfit.hpp"
#include "network.hpp"
#include "phases.hpp"

namespace dmn {

// Some samples of one network.
struct StiffnessTask {
    Network network;
    long begin, end;        // of the chosen samples
    const long* chosen;     // numbers of the samples [.]
    double* squares;        // [.]: squared error of each
    double* d_fraction;     // [leaves − 1], or null: no derivatives of the sum of the squares
    double* d_normal;       // [leaves − 1, 3]
    double* d_turn;         // [turns, 6, 6]
};

class StiffnessLoss {
  public:
    static constexpr int kept = sizeof(Symmetric) / sizeof(Real);

    DMN_FN StiffnessLoss(const Network& network, int phases, Real* work)
        : network_(network), phases_(phases) {
        const int laminates = network.leaf_count - 1;
        phase_ = reinterpret_cast<Symmetric*>(work);
        first_ = phase_ + phases;
        second_ = first_ + laminates;
        stack_ = second_ + laminates;
        k_ = reinterpret_cast<Real*>(stack_ + network.depth + 1);
        d_fraction_ = k_ + 18 * laminates;
        d_normal_ = d_fraction_ + laminates;
        d_turn_ = d_normal_ + 3 * laminates;
    }

    static DMN_FN long work_size(const Network& network, int phases, int turns) {
        const long laminates = network.leaf_count - 1;
        return kept * (phases + 2 * laminates + network.depth + 1) + 22 * laminates + 36 * turns;
    }

    // Samples `task.chosen[begin … end − 1]`.
    DMN_LARGE void run(const StiffnessSamples& samples, const StiffnessTask& task) {
        const long end = task.end;
        for (long start = task.begin; start < end; start += DMN_LANES) {
            Real counts = splat(0.0);
            long place[DMN_LANES];
            for (int l = 0; l < DMN_LANES; ++l) {
                const bool real = start + l < end;
                place[l] = task.chosen[real ? start + l : start];
                set_lane(counts, l, real ? 1.0 : 0.0);
            }
            for (int p = 0; p < phases_; ++p)
                load(samples.phases + 21 * p * samples.count, samples.count, place, phase_[p]);
            up();
            Symmetric gradient;
            const Real squares = misfit(samples, place, stack_[0], gradient);
            for (int l = 0; l < DMN_LANES && start + l < end; ++l)
                task.squares[start + l] = lane(squares, l);
            if (task.d_fraction) {
                for (int i = 0; i < 21; ++i) gradient.entry[i] = gradient.entry[i] * counts;
                down(gradient);
            }
        }
    }

    DMN_FN void add_derivatives(const StiffnessTask& task, int turns) const {
        for (int j = 0; j < network_.leaf_count - 1; ++j) {
            task.d_fraction[j] += sum(d_fraction_[j]);
            for (int r = 0; r < 3; ++r) task.d_normal[3 * j + r] += sum(d_normal_[3 * j + r]);
        }
        for (int i = 0; i < 36 * turns; ++i) task.d_turn[i] += sum(d_turn_[i]);
    }

  private:
    static DMN_FN double sum(const Real& value) {
        double total = 0.0;
        for (int l = 0; l < DMN_LANES; ++l) total += lane(value, l);
        return total;
    }

    DMN_FN void turned(int number, Symmetric& result) const {
        const Leaf& leaf = network_.leaves[number];
        result = phase_[leaf.phase];
        if (leaf.turn >= 0) from_material(network_.turns + 36 * leaf.turn, result);
    }

    DMN_LARGE void up() {
        int top = 0;
        for (int place = 0; place < 2 * network_.leaf_count - 1; ++place) {
            const int node = network_.nodes[place];
            if (node >= 0) {
                turned(node, stack_[top++]);
                continue;
            }
            const int j = ~node;
            --top;
            first_[j] = stack_[top - 1];
            second_[j] = stack_[top];
            mix_stiffness(network_.interfaces[j], stack_[top - 1], stack_[top],
                          reinterpret_cast<Real(*)[6]>(k_ + 18 * j));
        }
    }

    DMN_LARGE void down(const Symmetric& gradient) {
        int top = 0;
        stack_[0] = gradient;
        for (int place = 2 * network_.leaf_count - 2; place >= 0; --place) {
            const int node = network_.nodes[place];
            if (node >= 0) {
                leaf(node, stack_[top--]);
            } else {
                const int j = ~node;
                mix_gradient(network_.interfaces[j], first_[j], second_[j],
                             reinterpret_cast<const Real(*)[6]>(k_ + 18 * j), stack_[top],
                             stack_[top + 1], d_fraction_[j], d_normal_ + 3 * j);
                ++top;
            }
        }
    }

    // dL/dR = 2 G R C of a leaf that is turned by R.
    DMN_FN void leaf(int number, const Symmetric& g) {
        const Leaf& leaf = network_.leaves[number];
        if (leaf.turn < 0) return;
        const Symmetric& own = phase_[leaf.phase];
        const double* turn = network_.turns + 36 * leaf.turn;
        Real* result = d_turn_ + 36 * leaf.turn;
        Real half[6][6];  // R C
        for (int i = 0; i < 6; ++i)
            for (int j = 0; j < 6; ++j) {
                half[i][j] = turn[6 * i] * own(0, j);
                for (int k = 1; k < 6; ++k) half[i][j] = half[i][j] + turn[6 * i + k] * own(k, j);
            }
        for (int i = 0; i < 6; ++i)
            for (int j = 0; j < 6; ++j) {
                Real entry = g(i, 0) * half[0][j];
                for (int k = 1; k < 6; ++k) entry = entry + g(i, k) * half[k][j];
                result[6 * i + j] = result[6 * i + j] + 2.0 * entry;
            }
    }

    Network network_;
    int phases_;
    Symmetric *phase_, *first_, *second_, *stack_;
    Real *k_, *d_fraction_, *d_normal_, *d_turn_;
};

}  // namespace dmn

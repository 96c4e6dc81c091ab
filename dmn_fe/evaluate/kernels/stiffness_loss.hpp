// Errors of a network's stiffness on samples, and their exact derivatives: one training step.
//
// The derivatives are those of dmn_fe/network/laminate_gradient.py, at fixed K. Samples lie in the
// lanes; what a laminate needs on the way back is kept from the way up.
#pragma once

#include "network.hpp"
#include "phases.hpp"

namespace dmn {

typedef Stiffness<true> Symmetric;

// Samples: the upper triangles of symmetric matrices, [21, count] each, one row an entry.
struct StiffnessSamples {
    long count;
    const double* phases;     // [phases, 21, count]
    const double* reference;  // [21, count]
    const double* scale;      // [count]: errors are multiplied by it; or null, then
    const double* root;       // [21, count]: inverse Cholesky factor L⁻¹ of the reference
};

struct StiffnessTask {
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

    // Samples `task.chosen[begin … end − 1]`; adds to the derivatives, which begin at zero.
    DMN_LARGE void run(const StiffnessSamples& samples, const StiffnessTask& task, long begin,
                       long end) {
        for (long start = begin; start < end; start += DMN_LANES) {
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
            const Real squares = misfit(samples, place, gradient);
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

    static DMN_FN void load(const double* rows, long count, const long* place, Symmetric& matrix) {
        for (int i = 0; i < 21; ++i)
            for (int l = 0; l < DMN_LANES; ++l)
                set_lane(matrix.entry[i], l, rows[i * count + place[l]]);
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

    // Squared error, and the derivative of it with respect to the stiffness.
    DMN_FN Real misfit(const StiffnessSamples& samples, const long* place, Symmetric& gradient) {
        const Symmetric& found = stack_[0];
        Symmetric known;
        Real squares = splat(0.0);
        if (samples.scale) {
            Real scale;
            for (int l = 0; l < DMN_LANES; ++l) set_lane(scale, l, samples.scale[place[l]]);
            load(samples.reference, samples.count, place, known);
            for (int i = 0; i < 6; ++i)
                for (int j = i; j < 6; ++j) {
                    const Real error = (found(i, j) - known(i, j)) * scale;
                    squares = squares + (i == j ? 1.0 : 2.0) * error * error;
                    gradient(i, j) = 2.0 * error * scale;
                }
            return squares;
        }
        load(samples.root, samples.count, place, known);  // L⁻¹, transposed: entry (j, i) of it
        Real half[6][6], white[6][6];
        for (int i = 0; i < 6; ++i)
            for (int j = 0; j < 6; ++j) {
                half[i][j] = splat(0.0);  // L⁻¹ C
                for (int k = 0; k <= i; ++k) half[i][j] = half[i][j] + known(k, i) * found(k, j);
            }
        for (int i = 0; i < 6; ++i)
            for (int j = 0; j < 6; ++j) {
                white[i][j] = splat(i == j ? -1.0 : 0.0);  // L⁻¹ C L⁻ᵀ − I
                for (int k = 0; k <= j; ++k) white[i][j] = white[i][j] + half[i][k] * known(k, j);
                squares = squares + white[i][j] * white[i][j];
            }
        for (int i = 0; i < 6; ++i)
            for (int j = 0; j < 6; ++j) {
                half[i][j] = splat(0.0);  // L⁻ᵀ (…)
                for (int k = i; k < 6; ++k) half[i][j] = half[i][j] + known(i, k) * white[k][j];
            }
        for (int i = 0; i < 6; ++i)
            for (int j = i; j < 6; ++j) {
                Real entry = splat(0.0);
                for (int k = j; k < 6; ++k) entry = entry + half[i][k] * known(j, k);
                gradient(i, j) = 2.0 * entry;
            }
        return squares;
    }

    DMN_LARGE void down(const Symmetric& gradient) {
        int top = 0;
        stack_[0] = gradient;
        for (int place = 2 * network_.leaf_count - 2; place >= 0; --place) {
            const int node = network_.nodes[place];
            if (node >= 0) {
                leaf(node, stack_[top--]);
            } else {
                laminate(~node, stack_[top], stack_[top + 1]);
                ++top;
            }
        }
    }

    // Derivatives of the two children; the first takes the place of that of the laminate.
    DMN_FN void laminate(int number, Symmetric& g, Symmetric& other) {
        const Interface& at = network_.interfaces[number];
        const Symmetric &first = first_[number], &second = second_[number];
        const Real(*k)[6] = reinterpret_cast<const Real(*)[6]>(k_ + 18 * number);
        const double f1 = at.fraction, f2 = 1.0 - f1;
        Real p[3][6], s[3][3], h[6][6];
        DMN_UNROLL
        for (int r = 0; r < 3; ++r) {
            DMN_UNROLL
            for (int j = 0; j < 6; ++j) {
                p[r][j] = k[r][0] * g(0, j);
                DMN_UNROLL
                for (int i = 1; i < 6; ++i) p[r][j] = p[r][j] + k[r][i] * g(i, j);
            }
        }
        DMN_UNROLL
        for (int r = 0; r < 3; ++r) {
            DMN_UNROLL
            for (int c = r; c < 3; ++c) {
                s[r][c] = p[r][0] * k[c][0];
                DMN_UNROLL
                for (int i = 1; i < 6; ++i) s[r][c] = s[r][c] + p[r][i] * k[c][i];
                s[c][r] = s[r][c];
            }
        }
        Real rate = splat(0.0), normal[3] = {rate, rate, rate};
        Real mh[3][3];
        DMN_UNROLL
        for (int j = 0; j < 6; ++j) {
            Real difference[6], own[6], m[3], t[3];
            DMN_UNROLL
            for (int i = 0; i < 6; ++i) {
                own[i] = second(i, j);
                difference[i] = first(i, j) - own[i];
                if (i <= j) rate = rate + (i == j ? 1.0 : 2.0) * g(i, j) * difference[i];
            }
            traction(at, difference, m);
            traction(at, own, t);
            DMN_UNROLL
            for (int r = 0; r < 3; ++r) {
                rate = rate + (f1 - f2) * p[r][j] * m[r];
                t[r] = t[r] + f2 * m[r];
                if (j < 3) {
                    mh[r][j] = at.n[j] * m[r];
                } else {
                    const int a = j == 3 ? 1 : 0, b = j == 5 ? 1 : 2;
                    mh[r][a] = mh[r][a] + at.s[b] * m[r];
                    mh[r][b] = mh[r][b] + at.s[a] * m[r];
                }
            }
            // Row j of ΔC Pᵀ − Tᵀ S, by the derivative of row j of H.
            Real x[3];
            DMN_UNROLL
            for (int c = 0; c < 3; ++c) {
                x[c] = difference[0] * p[c][0];
                DMN_UNROLL
                for (int i = 1; i < 6; ++i) x[c] = x[c] + difference[i] * p[c][i];
                DMN_UNROLL
                for (int r = 0; r < 3; ++r) x[c] = x[c] - t[r] * s[r][c];
            }
            if (j < 3) {
                normal[j] = normal[j] + x[j];
            } else {
                const int a = j == 3 ? 1 : 0, b = j == 5 ? 1 : 2;
                normal[a] = normal[a] + root_of_half * x[b];
                normal[b] = normal[b] + root_of_half * x[a];
            }
        }
        DMN_UNROLL
        for (int r = 0; r < 3; ++r) {
            DMN_UNROLL
            for (int c = 0; c < 3; ++c) rate = rate - f1 * f2 * mh[r][c] * s[c][r];
            d_normal_[3 * number + r] = d_normal_[3 * number + r] - 2.0 * f1 * f2 * normal[r];
        }
        d_fraction_[number] = d_fraction_[number] + rate;
        // H P + Pᵀ Hᵀ and H S Hᵀ
        Real hp[6][6], hs[6][3];
        DMN_UNROLL
        for (int j = 0; j < 6; ++j) {
            const Real column[3] = {p[0][j], p[1][j], p[2][j]};
            Real strain[6];
            jump_strain(at, column, strain);
            DMN_UNROLL
            for (int i = 0; i < 6; ++i) hp[i][j] = strain[i];
        }
        DMN_UNROLL
        for (int c = 0; c < 3; ++c) {
            Real strain[6];
            jump_strain(at, s[c], strain);
            DMN_UNROLL
            for (int i = 0; i < 6; ++i) hs[i][c] = strain[i];
        }
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) jump_strain(at, hs[i], h[i]);
        DMN_UNROLL
        for (int i = 0; i < 6; ++i) {
            DMN_UNROLL
            for (int j = i; j < 6; ++j) {
                const Real both = hp[i][j] + hp[j][i], own = g(i, j);
                g(i, j) = f1 * (own - f2 * (both - f2 * h[i][j]));
                other(i, j) = f2 * (own + f1 * (both + f1 * h[i][j]));
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

    static constexpr double root_of_half = 0.70710678118654752;
    Network network_;
    int phases_;
    Symmetric *phase_, *first_, *second_, *stack_;
    Real *k_, *d_fraction_, *d_normal_, *d_turn_;
};

}  // namespace dmn

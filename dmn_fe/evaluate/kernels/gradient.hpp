// Derivative of the stress of solved points with respect to fractions and normals of the network.
//
// A converged network minimises an incremental energy over its jumps. So the derivative of λ · σ,
// with λ that of a loss, is the derivative of the sum over the leaves
//
//     Φ = Σ share σ · δε,    dσ = C dε,
//
// at fixed jumps a of the strain and δa of δε, which answers the strain λ in the network linearised
// at its solution; see dmn_fe/training/path_gradient.py.
#pragma once

#include "solver.hpp"
#include "threads.hpp"
#include "work.hpp"

namespace dmn {

struct GradientTask {
    const double* strain;   // [n, 6]
    const double* old;      // [n, state_size]: history at the begin of the step
    const double* jumps;    // [n, leaves − 1, 3], solved
    const double* adjoint;  // [n, 6]: λ
    double dt;
    double* d_fraction;     // [chunks, leaves − 1], added to
    double* d_normal;       // [chunks, leaves − 1, 3], added to
};

template <class Laws>
class ResponseGradient {
  public:
    ResponseGradient(const Network& network, const double* parameters, double dt)
        : network_(network), work_(Solver<Laws>::work_size(network)),
          own_(size(network)), solver_(network, parameters, dt, work_.data()) {
        change_ = own_.data();
        jump_ = change_ + 6 * network.leaf_count;
        sums_ = jump_ + 3 * (network.leaf_count - 1);
        means_ = reinterpret_cast<Mean*>(sums_ + 4 * (network.leaf_count - 1));
        step_.dt = dt;
        step_.temperature = splat(0.0);
    }

    void run(const GradientTask& task, long first, long count) {
        const int unknowns = 3 * (network_.leaf_count - 1);
        for (long start = first; start < first + count; start += DMN_LANES) {
            Real strain[6], adjoint[6];
            for (int l = 0; l < DMN_LANES; ++l) {
                const bool real = start + l < first + count;
                const long point = real ? start + l : start;
                for (int i = 0; i < 6; ++i) {
                    set_lane(strain[i], l, task.strain[6 * point + i]);
                    set_lane(adjoint[i], l, real ? task.adjoint[6 * point + i] : 0.0);
                }
                for (int j = 0; j < unknowns; ++j)
                    set_lane(solver_.base()[j], l, task.jumps[unknowns * point + j]);
                for (int k = 0; k < network_.state_size; ++k)
                    set_lane(solver_.old_state()[k], l, task.old[network_.state_size * point + k]);
            }
            solver_.down_without_change(strain);
            solver_.up(step_, splat(0.0));
            solver_.answer(adjoint, jump_, change_);
            gather();
        }
    }

    // Into the rows of a chunk.
    void add(const GradientTask& task, long chunk) const {
        const int laminates = network_.leaf_count - 1;
        double* d_fraction = task.d_fraction + chunk * laminates;
        double* d_normal = task.d_normal + 3 * chunk * laminates;
        for (int j = 0; j < laminates; ++j)
            for (int l = 0; l < DMN_LANES; ++l) {
                d_fraction[j] += lane(sums_[4 * j], l);
                for (int r = 0; r < 3; ++r) d_normal[3 * j + r] += lane(sums_[4 * j + 1 + r], l);
            }
    }

  private:
    // Means over the leaves of a sub-tree: of σ · δε, of σ, and of C δε.
    struct Mean {
        Real power, stress[6], force[6], share;
    };

    static long size(const Network& network) {
        const long leaves = network.leaf_count;
        return 6 * leaves + 7 * (leaves - 1) + (network.depth + 1) * (sizeof(Mean) / sizeof(Real));
    }

    DMN_LARGE void gather() {
        int top = 0;
        for (int place = 0; place < 2 * network_.leaf_count - 1; ++place) {
            const int node = network_.nodes[place];
            if (node >= 0) {
                leaf(node, means_[top++]);
            } else {
                --top;
                laminate(~node, means_[top - 1], means_[top]);
            }
        }
    }

    DMN_FN void leaf(int number, Mean& mean) {
        const Leaf& leaf = network_.leaves[number];
        const Real* change = change_ + 6 * number;
        Response<Laws::symmetric> response;
        solver_.respond_at(number, step_, response);
        mean.power = splat(0.0);
        mean.share = splat(leaf.share);
        for (int i = 0; i < 6; ++i) {
            mean.stress[i] = response.stress[i];
            mean.power = mean.power + response.stress[i] * change[i];
            mean.force[i] = response.stiffness(i, 0) * change[0];
            for (int j = 1; j < 6; ++j)
                mean.force[i] = mean.force[i] + response.stiffness(i, j) * change[j];
        }
    }

    // Of a laminate, from its two children; the first is replaced by the mean.
    DMN_FN void laminate(int number, Mean& first, const Mean& second) {
        const Interface& at = network_.interfaces[number];
        const double f1 = at.fraction, f2 = 1.0 - f1;
        const Real *jump = solver_.base() + 3 * number, *change = jump_ + 3 * number;
        const Real share = first.share + second.share;
        Real strain[6], change_of_strain[6], rate = first.power - second.power;
        jump_strain(at, jump, strain);
        jump_strain(at, change, change_of_strain);
        Real force[6], stress[6];  // second less first
        for (int i = 0; i < 6; ++i) {
            force[i] = second.force[i] - first.force[i];
            stress[i] = second.stress[i] - first.stress[i];
            const Real mean_force = first.force[i] + f2 * force[i];
            const Real mean_stress = first.stress[i] + f2 * stress[i];
            rate = rate + mean_force * strain[i] + mean_stress * change_of_strain[i];
            first.force[i] = mean_force;
            first.stress[i] = mean_stress;
        }
        Real* sums = sums_ + 4 * number;
        sums[0] = sums[0] + share * rate;
        // v · (dH/dn a) = (V a) · dn for the tensor V of a vector v
        Real by_jump[3], by_change[3];
        apply(force, jump, by_jump);
        apply(stress, change, by_change);
        for (int r = 0; r < 3; ++r)
            sums[1 + r] = sums[1 + r] + (f1 * f2) * share * (by_jump[r] + by_change[r]);
        first.power = f1 * first.power + f2 * second.power;
        first.share = share;
    }

    // V a of the symmetric tensor V of a Mandel vector.
    static DMN_FN void apply(const Real* v, const Real* a, Real* result) {
        const double root = 0.70710678118654752;
        result[0] = v[0] * a[0] + root * (v[5] * a[1] + v[4] * a[2]);
        result[1] = v[1] * a[1] + root * (v[5] * a[0] + v[3] * a[2]);
        result[2] = v[2] * a[2] + root * (v[4] * a[0] + v[3] * a[1]);
    }

    Network network_;
    Work work_, own_;
    Solver<Laws> solver_;
    Step step_;
    Real *change_, *jump_, *sums_;
    Mean* means_;
};

}  // namespace dmn

// Makes a library of a list of laws.
#define DMN_GRADIENT_LIBRARY(...)                                                            \
    extern "C" int dmn_gradient(const dmn::Network* network, const double* parameters,       \
                                const dmn::GradientTask* task, long n, long chunk,           \
                                int threads) {                                               \
        return dmn::run_parts((n + chunk - 1) / chunk, threads, [&](long number) {           \
            dmn::ResponseGradient<dmn::Phases<__VA_ARGS__>> gradient(*network, parameters,   \
                                                                     task->dt);              \
            const long first = number * chunk, left = n - first;                             \
            gradient.run(*task, first, left < chunk ? left : chunk);                         \
            gradient.add(*task, number);                                                     \
        });                                                                                  \
    }

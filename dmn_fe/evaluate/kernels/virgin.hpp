// The network of virgin phases at dt = 0, as the elastic attempt takes it.
#pragma once

#include "solver.hpp"
#include "work.hpp"

namespace dmn {

struct VirginResponse {
    double* jumps;    // [leaves − 1, 3, 6]: of the laminates under each of the unit strains
    double* tangent;  // [6, 6]
    double largest;   // entry of the stiffnesses of the leaves
};

// `history` is that of a virgin point.
template <class Laws>
void respond_virgin(const Network& network, const double* parameters, const double* history,
                    VirginResponse& result) {
    const int leaves = network.leaf_count, unknowns = 3 * (leaves - 1);
    Work work(Solver<Laws>::work_size(network)), own(unknowns + 6 * leaves);
    Solver<Laws> solver(network, parameters, 0.0, work.data());
    for (int k = 0; k < network.state_size; ++k) solver.old_state()[k] = splat(history[k]);
    const Step step = {0.0, splat(0.0)};
    const Real zero = splat(0.0), none[6] = {zero, zero, zero, zero, zero, zero};
    solver.down_without_change(none);
    solver.up(step, zero);
    for (int i = 0; i < 6; ++i)
        for (int j = 0; j < 6; ++j) result.tangent[6 * i + j] = lane(solver.tangent(i, j), 0);
    for (int begin = 0; begin < 6; begin += DMN_LANES) {
        Real unit[6];
        for (int i = 0; i < 6; ++i) {
            unit[i] = zero;
            for (int l = 0; l < DMN_LANES; ++l) set_lane(unit[i], l, i == begin + l ? 1.0 : 0.0);
        }
        solver.answer(unit, own.data(), own.data() + unknowns);
        for (int j = 0; j < unknowns; ++j)
            for (int l = 0; l < DMN_LANES && begin + l < 6; ++l)
                result.jumps[6 * j + begin + l] = lane(own.data()[j], l);
    }
    result.largest = 0.0;
    for (int number = 0; number < leaves; ++number) {
        Response<Laws::symmetric> leaf;
        solver.respond_at(number, step, leaf);
        for (const Real& entry : leaf.stiffness.entry) {
            const double size = lane(abs(entry), 0);
            if (size > result.largest) result.largest = size;
        }
    }
}

}  // namespace dmn

// Points whose iteration fails get to their strain in parts: every part starts from the jumps of
// the part before, but from the same history, so that what is found at the end is the solution of
// the one step that was asked for.
#pragma once

#include "point_solver.hpp"

namespace dmn {

constexpr int max_parts = 64;
constexpr double least_part = 1.0 / 1024.0;

// Whether a point failed, and not because of its strain.
DMN_FN bool worth_parts(const Batch& batch, long point) {
    bool good = batch.status[point] != converged;
    for (int i = 0; i < 6; ++i) {
        const double strain = batch.strain[6 * point + i];
        good = good && strain - strain == 0.0;
    }
    return good;
}

// How far a point has come.
struct Progress {
    double begin[6];       // strain
    double reached, part;  // shares of the step: behind, and next

    // Gives the jumps at the begin of the step.
    DMN_FN void start(const Network& network, const Batch& batch, long point, double* jumps) {
        const long unknowns = 3 * (network.leaf_count - 1);
        reached = 0.0;
        part = 0.5;
        if (batch.warm_start) {
            batch.history.read(point, 0, 6, [&](long i, double before) { begin[i] = before; });
            batch.history.read(point, 6, unknowns, [&](long j, double jump) { jumps[j] = jump; });
        } else {
            for (int i = 0; i < 6; ++i) begin[i] = 0.0;
            for (long j = 0; j < unknowns; ++j) jumps[j] = 0.0;
        }
    }

    // Gives the strain of the next part and the jumps that Newton's iteration starts from.
    DMN_FN void aim(const Network& network, const Batch& batch, long point, const double* jumps,
                    double* strain, double* start) const {
        double change[6];
        for (int i = 0; i < 6; ++i) {
            const double whole = batch.strain[6 * point + i] - begin[i];
            change[i] = part * whole;
            const bool last = reached + part >= 1.0;
            strain[i] = last ? batch.strain[6 * point + i] : begin[i] + (reached + part) * whole;
        }
        for (int j = 0; j < 3 * (network.leaf_count - 1); ++j) {
            start[j] = jumps[j];
            for (int i = 0; i < 6; ++i) start[j] += network.elastic_jumps[6 * j + i] * change[i];
        }
    }

    // Keeps what a part has found. Gives whether there is a next one.
    DMN_FN bool goes_on(const Network& network, bool success, const double* found, double* jumps) {
        if (!success) {
            part *= 0.5;
            return part >= least_part;
        }
        reached += part;
        for (int j = 0; j < 3 * (network.leaf_count - 1); ++j) jumps[j] = found[j];
        if (reached >= 1.0) return false;
        part = reached + 2.0 * part < 1.0 ? 2.0 * part : 1.0 - reached;
        return true;
    }
};

}  // namespace dmn

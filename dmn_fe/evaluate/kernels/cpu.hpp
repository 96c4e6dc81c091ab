// The core as a shared library: points first … first + count − 1 of a batch on one thread.
#pragma once

#include <cstddef>
#include <vector>

#include "batch.hpp"
#include "work.hpp"

namespace dmn {

constexpr int max_parts = 64;      // of the strain of a step that does not converge as a whole
constexpr double least_part = 1.0 / 1024.0;

// Points whose iteration fails get to their strain in parts: every part starts from the jumps of
// the part before, but from the same history, so that what is found at the end is the solution of
// the one step that was asked for.
template <class Laws>
void continue_in_parts(PointSolver<Laws>& solver, const Network& network,
                       const Batch& batch, const std::vector<long>& failed) {
    const long count = failed.size(), unknowns = 3 * (network.leaf_count - 1);
    std::vector<double> begin(6 * count), strain(6 * count), reached(count, 0.0), part(count, 0.5);
    std::vector<double> jumps(unknowns * count), trial(unknowns * count);
    for (long i = 0; i < count; ++i) {
        if (!batch.warm_start) continue;
        batch.history.read(failed[i], 0, 6, [&](long k, double e) { begin[6 * i + k] = e; });
        batch.history.read(failed[i], 6, unknowns,
                           [&](long k, double jump) { jumps[unknowns * i + k] = jump; });
    }
    std::vector<long> slots;
    for (long i = 0; i < count; ++i) slots.push_back(i);
    for (int round = 0; round < max_parts && !slots.empty(); ++round) {
        std::vector<long> points, left;
        std::vector<double> strains, starts;
        for (const long i : slots) {
            const long point = failed[i];
            points.push_back(point);
            double change[6];
            for (int k = 0; k < 6; ++k) {
                const double whole = batch.strain[6 * point + k] - begin[6 * i + k];
                change[k] = part[i] * whole;
                strains.push_back(begin[6 * i + k] + (reached[i] + part[i]) * whole);
            }
            for (long j = 0; j < unknowns; ++j) {
                double jump = jumps[unknowns * i + j];
                for (int k = 0; k < 6; ++k) jump += network.elastic_jumps[6 * j + k] * change[k];
                starts.push_back(jump);
            }
        }
        solver.newton(points.data(), points.size(), {strains.data(), starts.data()});
        for (std::size_t place = 0; place < slots.size(); ++place) {
            const long i = slots[place];
            if (batch.status[failed[i]] == converged) {
                reached[i] += part[i];
                for (long j = 0; j < unknowns; ++j)
                    jumps[unknowns * i + j] = starts[unknowns * place + j];
                if (reached[i] >= 1.0) continue;
                part[i] = reached[i] + 2.0 * part[i] < 1.0 ? 2.0 * part[i] : 1.0 - reached[i];
            } else {
                part[i] *= 0.5;
                if (part[i] < least_part) continue;
            }
            left.push_back(i);
        }
        slots = left;
    }
    for (const long i : slots) batch.status[failed[i]] = too_many_iterations;
}

template <class Laws>
void integrate(const Network& network, const double* parameters, const Batch& batch,
               long first, long count) {
    Work work(Solver<Laws>::work_size(network));
    PointSolver<Laws> solver(network, parameters, batch, work.data());
    std::vector<long> open;
    for (long start = first; start < first + count; start += DMN_LANES) {
        const long left = first + count - start;
        const int size = left < DMN_LANES ? int(left) : DMN_LANES;
        bool unfinished[DMN_LANES];
        for (int l = 0; l < size; ++l) batch.iterations[start + l] = 0;
        solver.elastic(start, size, unfinished);
        for (int l = 0; l < size; ++l)
            if (unfinished[l]) open.push_back(start + l);
    }
    solver.newton(open.data(), open.size(), {nullptr, nullptr});
    std::vector<long> failed;
    for (const long point : open) {
        bool good = true;
        for (int i = 0; i < 6; ++i) good = good && lane(finite(splat(batch.strain[6 * point + i])), 0);
        if (good && batch.status[point] != converged) failed.push_back(point);
    }
    if (!failed.empty()) continue_in_parts(solver, network, batch, failed);
}

// Exceptions must not leave a C function: gives 0, or 1 where memory is short.
template <class Laws>
int integrate_safely(const Network& network, const double* parameters, const Batch& batch,
                     long first, long count) noexcept {
    try {
        integrate<Laws>(network, parameters, batch, first, count);
        return 0;
    } catch (const std::bad_alloc&) {
        return 1;
    }
}

}  // namespace dmn

// Makes a library of a list of laws.
#define DMN_LIBRARY(...)                                                                     \
    extern "C" int dmn_integrate(const dmn::Network* network, const double* parameters,      \
                                 const dmn::Batch* batch, long first, long count) {          \
        return dmn::integrate_safely<dmn::Phases<__VA_ARGS__>>(*network, parameters, *batch, \
                                                               first, count);                \
    }                                                                                        \
    extern "C" int dmn_lanes() { return DMN_LANES; }

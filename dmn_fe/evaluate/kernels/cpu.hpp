// The core as a shared library: points of a batch in chunks over threads.
#pragma once

#include <cstddef>
#include <vector>

#include "parts.hpp"
#include "threads.hpp"
#include "virgin.hpp"
#include "work.hpp"

namespace dmn {

// In rounds: every round takes one part of all failed points that are left.
template <class Laws>
void continue_in_parts(PointSolver<Laws>& solver, const Network& network,
                       const Batch& batch, const std::vector<long>& failed) {
    const long count = failed.size(), unknowns = 3 * (network.leaf_count - 1);
    std::vector<Progress> progress(count);
    std::vector<double> jumps(unknowns * count);
    std::vector<long> going;
    for (long i = 0; i < count; ++i) {
        progress[i].start(network, batch, failed[i], jumps.data() + unknowns * i);
        going.push_back(i);
    }
    for (int round = 0; round < max_parts && !going.empty(); ++round) {
        std::vector<long> points, left;
        std::vector<double> strain(6 * going.size()), found(unknowns * going.size());
        for (const long i : going) {
            const std::size_t place = points.size();
            points.push_back(failed[i]);
            progress[i].aim(network, batch, failed[i], jumps.data() + unknowns * i,
                            strain.data() + 6 * place, found.data() + unknowns * place);
        }
        Slots slots(points.size());
        solver.newton(points.data(), slots, {strain.data(), found.data()});
        for (std::size_t place = 0; place < going.size(); ++place) {
            const long i = going[place];
            if (progress[i].goes_on(network, batch.status[failed[i]] == converged,
                                    found.data() + unknowns * place, jumps.data() + unknowns * i))
                left.push_back(i);
        }
        going = left;
    }
    for (const long i : going) batch.status[failed[i]] = too_many_iterations;
}

// The points first … first + count − 1 of a batch.
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
    Slots slots(open.size());
    solver.newton(open.data(), slots, {nullptr, nullptr});
    std::vector<long> failed;
    for (const long point : open) {
        if (worth_parts(batch, point)) failed.push_back(point);
    }
    if (!failed.empty()) continue_in_parts(solver, network, batch, failed);
}

}  // namespace dmn

// Makes a library of a list of laws.
#define DMN_LIBRARY(...)                                                                  \
    typedef dmn::Phases<__VA_ARGS__> DmnLaws;                                             \
    extern "C" int dmn_integrate(const dmn::Network* network, const double* parameters,   \
                                 const dmn::Batch* batch, long first, long count,         \
                                 long chunk, int threads) {                               \
        const long chunks = (count + chunk - 1) / chunk;                                  \
        return dmn::run_parts(chunks, threads, [&](long number) {                         \
            const long start = number * chunk, left = count - start;                      \
            dmn::integrate<DmnLaws>(*network, parameters, *batch, first + start,          \
                                    left < chunk ? left : chunk);                         \
        });                                                                               \
    }                                                                                     \
    extern "C" int dmn_virgin(const dmn::Network* network, const double* parameters,      \
                              const double* history, dmn::VirginResponse* result) {       \
        return dmn::safely([&] {                                                          \
            dmn::respond_virgin<DmnLaws>(*network, parameters, history, *result);         \
        });                                                                               \
    }                                                                                     \
    extern "C" int dmn_lanes() { return DMN_LANES; }

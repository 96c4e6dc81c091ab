// The core on a GPU. Every thread solves points alone and takes the next when one is finished; the
// three kernels of a batch follow each other without the host: an elastic attempt of all points,
// Newton's iteration of those that need it, and those that fail once more in parts.
#pragma once

#include "parts.hpp"

namespace dmn {

constexpr int block_size = warp_size;  // few points, too, are spread over all multiprocessors

// A batch and the memory its kernels share. Counters are zero when the first one starts.
struct Job {
    Network network;
    const double* parameters;
    Batch batch;
    long count;                    // points
    long* open;                    // [count]: points that the elastic attempt leaves
    unsigned long long* counters;  // how many those are; slots that Newton, and the parts, have taken
    double* work;                  // [threads, sum of both of Sizes]
};

// Numbers of work memory of a thread.
struct Sizes {
    long solver;  // interleaved, see stored.hpp
    long parts;   // strain, start jumps and jumps of a point that goes in parts

    template <class Laws>
    static DMN_FN Sizes of(const Network& network) {
        return {Solver<Laws>::work_size(network), 6 + 6L * (network.leaf_count - 1)};
    }
};

DMN_FN long thread_number() { return long(blockIdx.x) * blockDim.x + threadIdx.x; }
DMN_FN long thread_count() { return long(gridDim.x) * blockDim.x; }

DMN_FN Stored* own_work(const Job& job, long size) {
    const long warp = thread_number() / warp_size, place = thread_number() % warp_size;
    return reinterpret_cast<Stored*>(job.work + warp * warp_size * size + place);
}

// Slots that all threads share.
class SharedSlots {
  public:
    DMN_FN SharedSlots(unsigned long long* next, long count) : next_(next), count_(count) {}
    DMN_FN long take() {
        const long slot = atomicAdd(next_, 1ULL);
        return slot < count_ ? slot : -1;
    }

  private:
    unsigned long long* next_;
    long count_;
};

template <class Laws>
DMN_FN void elastic_attempt(const Job& job) {
    const long size = Sizes::of<Laws>(job.network).solver;
    PointSolver<Laws> solver(job.network, job.parameters, job.batch, own_work(job, size));
    for (long point = thread_number(); point < job.count; point += thread_count()) {
        bool open;
        job.batch.iterations[point] = 0;
        solver.elastic(point, 1, &open);
        if (open) job.open[atomicAdd(job.counters, 1ULL)] = point;
    }
}

template <class Laws>
DMN_FN void newton(const Job& job) {
    const long size = Sizes::of<Laws>(job.network).solver;
    PointSolver<Laws> solver(job.network, job.parameters, job.batch, own_work(job, size));
    SharedSlots slots(job.counters + 1, job.counters[0]);
    solver.newton(job.open, slots, {nullptr, nullptr});
}

// As continue_in_parts on the processor, but every thread goes through the parts of its own point.
template <class Laws>
DMN_FN void continue_in_parts(const Job& job) {
    const Sizes sizes = Sizes::of<Laws>(job.network);
    PointSolver<Laws> solver(job.network, job.parameters, job.batch, own_work(job, sizes.solver));
    double* strain = job.work + thread_count() * sizes.solver + thread_number() * sizes.parts;
    double *jumps = strain + 6, *found = jumps + 3 * (job.network.leaf_count - 1);
    SharedSlots slots(job.counters + 2, job.counters[0]);
    while (true) {
        long slot = slots.take();
        while (slot >= 0 && !worth_parts(job.batch, job.open[slot])) slot = slots.take();
        if (slot < 0) return;
        const long point = job.open[slot];
        Progress progress;
        progress.start(job.network, job.batch, point, jumps);
        bool goes_on = true;
        for (int round = 0; round < max_parts && goes_on; ++round) {
            progress.aim(job.network, job.batch, point, jumps, strain, found);
            Slots one(1);
            solver.newton(&point, one, {strain, found});
            goes_on =
                progress.goes_on(job.network, job.batch.status[point] == converged, found, jumps);
        }
        if (goes_on) job.batch.status[point] = too_many_iterations;
    }
}

}  // namespace dmn

#define DMN_KERNEL(name) extern "C" __global__ void __launch_bounds__(dmn::block_size) name

// Makes the kernels of a list of laws.
#define DMN_KERNELS(...)                                                                      \
    typedef dmn::Phases<__VA_ARGS__> DmnLaws;                                                 \
    DMN_KERNEL(dmn_sizes)(const dmn::Network* network, dmn::Sizes* sizes) {                   \
        *sizes = dmn::Sizes::of<DmnLaws>(*network);                                           \
    }                                                                                         \
    DMN_KERNEL(dmn_elastic)(const dmn::Job* job) { dmn::elastic_attempt<DmnLaws>(*job); }     \
    DMN_KERNEL(dmn_newton)(const dmn::Job* job) { dmn::newton<DmnLaws>(*job); }               \
    DMN_KERNEL(dmn_parts)(const dmn::Job* job) { dmn::continue_in_parts<DmnLaws>(*job); }

// Stands in for CUDA where there is none: the kernels are compiled for the processor, and every
// thread of the GPU is one of the system.
#pragma once

#include <math.h>

#include <atomic>
#include <thread>
#include <vector>

#define __CUDACC_RTC__
#define __device__
#define __global__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(threads)

struct Dimensions {
    unsigned x;
};
inline thread_local Dimensions blockIdx, threadIdx;
inline Dimensions blockDim, gridDim;

inline unsigned long long atomicAdd(unsigned long long* at, unsigned long long more) {
    const unsigned long long before = __atomic_fetch_add(at, more, __ATOMIC_SEQ_CST);
    std::this_thread::yield();  // so that the others get their share
    return before;
}

extern "C" void emulate(void (*kernel)(void*, void*), unsigned blocks, unsigned threads, void* first,
                        void* second) {
    gridDim.x = blocks;
    blockDim.x = threads;
    std::atomic<unsigned> missing(blocks * threads);
    std::vector<std::thread> all;
    for (unsigned number = 0; number < blocks * threads; ++number)
        all.emplace_back([&, number] {
            blockIdx.x = number / threads;
            threadIdx.x = number % threads;
            --missing;
            while (missing) std::this_thread::yield();  // all start together
            kernel(first, second);
        });
    for (std::thread& each : all) each.join();
}

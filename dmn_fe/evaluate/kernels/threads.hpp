// Threads that share the parts of a call: none of them outlives it.
#pragma once

#include <atomic>
#include <exception>
#include <thread>
#include <vector>

#include "work.hpp"

namespace dmn {

// Calls part(0) … part(count − 1) on some threads, or on fewer where the system gives no more.
// Gives 0, or 1 where memory is short.
template <class Part>
int run_parts(long count, int threads, const Part& part) noexcept {
    std::atomic<long> next{0};
    std::atomic<int> failed{0};
    const auto work = [&] {
        for (long number; !failed && (number = next++) < count;)
            if (safely([&] { part(number); })) failed = 1;
    };
    std::vector<std::thread> others;
    try {
        const long wanted = (threads < count ? threads : count) - 1;
        others.reserve(wanted > 0 ? wanted : 0);
        while (long(others.size()) < wanted) others.emplace_back(work);
    } catch (const std::exception&) {
    }
    work();
    for (auto& thread : others) thread.join();
    return failed;
}

}  // namespace dmn

// Memory of the core on the processor.
#pragma once

#include <new>

#include "lanes.hpp"

namespace dmn {

// Zeros, aligned as vectors must be.
class Work {
  public:
    explicit Work(long size) : data_(new (std::align_val_t(64)) Real[size]) {
        for (long i = 0; i < size; ++i) data_[i] = splat(0.0);
    }
    ~Work() { operator delete[](data_, std::align_val_t(64)); }
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;
    Real* data() { return data_; }

  private:
    Real* data_;
};

// Exceptions must not leave a C function: gives 0, or 1 where memory is short.
template <class F>
int safely(const F& f) noexcept {
    try {
        f();
        return 0;
    } catch (const std::bad_alloc&) {
        return 1;
    }
}

}  // namespace dmn

// How the numbers of a point wait in work memory between two visits of a node.
//
// On the processor they are used where they lie. On a GPU the numbers of the 32 threads of a warp
// lie side by side, so that threads that read the same entry read neighbouring memory, as the
// hardware does with local memory; a visit copies what it needs to registers and back. Local memory
// itself would need a size that is known when compiling, and its pool is as large as for all threads
// that the device can hold, many more than the registers leave room for.
#pragma once

#include "lanes.hpp"

namespace dmn {

#if defined(__CUDACC__) || defined(__CUDACC_RTC__)

constexpr int warp_size = 32;

struct Stored {
    double number;
    double of_other_threads[warp_size - 1];

    DMN_FN operator double() const { return number; }
    DMN_FN Stored& operator=(double value) {
        number = value;
        return *this;
    }
    DMN_FN Stored& operator=(const Stored& other) { return *this = other.number; }
};

DMN_FN void set_lane(Stored& value, int, double number) { value = number; }

// A struct T of numbers, or part of it, as it is stored; `it` is to be read.
template <class T>
struct Look {
    T it;
    DMN_FN explicit Look(const Stored* from) {
        double* own = reinterpret_cast<double*>(&it);
        DMN_UNROLL
        for (int k = 0; k < int(sizeof(T) / sizeof(double)); ++k) own[k] = from[k];
    }
};

// The same, to be written from scratch.
template <class T>
struct Fill {
    T it;
    DMN_FN explicit Fill(Stored* to) : to_(to) {}
    DMN_FN ~Fill() {
        const double* own = reinterpret_cast<const double*>(&it);
        DMN_UNROLL
        for (int k = 0; k < int(sizeof(T) / sizeof(double)); ++k) to_[k] = own[k];
    }
    Fill(const Fill&) = delete;
    Fill& operator=(const Fill&) = delete;

  private:
    Stored* to_;
};

// The same, to be changed.
template <class T>
struct Edit : Fill<T> {
    DMN_FN explicit Edit(Stored* at) : Fill<T>(at) { this->it = Look<T>(at).it; }
};

#else

typedef Real Stored;

template <class T>
struct Look {
    const T& it;
    DMN_FN explicit Look(const Stored* from) : it(*reinterpret_cast<const T*>(from)) {}
};

template <class T>
struct Fill {
    T& it;
    DMN_FN explicit Fill(Stored* to) : it(*reinterpret_cast<T*>(to)) {}
};

template <class T>
struct Edit : Fill<T> {
    using Fill<T>::Fill;
};

#endif

// Numbers side by side.
template <int size> struct Numbers {
    Real entry[size];
};
template <> struct Numbers<0> {
    static constexpr Real* entry = nullptr;
};

// How many numbers a struct holds.
template <class T> constexpr int number_count = sizeof(T) / sizeof(Real);

}  // namespace dmn

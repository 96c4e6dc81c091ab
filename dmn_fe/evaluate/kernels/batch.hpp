// A batch of points as plain arrays.
#pragma once

#include "lanes.hpp"

namespace dmn {

constexpr signed char converged = 0, too_many_iterations = 1, not_finite = 2;  // laws.Status

// History of the points: of point i the entry k lies at i · point_stride + k · entry_stride.
//
// With a warm start the strain of the point (6) and the jumps of its laminates [leaves − 1, 3] come
// first; the history of the leaves follows.
struct History {
    const void* old;
    void* updated;
    long point_stride, entry_stride;
    int single;  // whether the numbers are float, not double

    // Calls f(k, value) for the entries first … first + count − 1 of a point's committed history.
    template <class F>
    DMN_FN void read(long point, long first, long count, const F& f) const {
        const long start = point * point_stride + first * entry_stride;
        if (single) each(static_cast<const float*>(old) + start, count, f);
        else each(static_cast<const double*>(old) + start, count, f);
    }

    // A point's committed history where its entries are doubles side by side, else null.
    DMN_FN const double* row(long point) const {
        if (single || entry_stride != 1) return nullptr;
        return static_cast<const double*>(old) + point * point_stride;
    }

    // Writes f(k) to the entries of a point's new history.
    template <class F>
    DMN_FN void write(long point, long first, long count, const F& f) const {
        const long start = point * point_stride + first * entry_stride;
        if (single) fill(static_cast<float*>(updated) + start, count, f);
        else fill(static_cast<double*>(updated) + start, count, f);
    }

  private:
    template <class Number, class F>
    DMN_FN void each(const Number* start, long count, const F& f) const {
        if (entry_stride == 1)
            for (long k = 0; k < count; ++k) f(k, start[k]);
        else
            for (long k = 0; k < count; ++k) f(k, start[k * entry_stride]);
    }
    template <class Number, class F>
    DMN_FN void fill(Number* start, long count, const F& f) const {
        if (entry_stride == 1)
            for (long k = 0; k < count; ++k) start[k] = static_cast<Number>(f(k));
        else
            for (long k = 0; k < count; ++k) start[k * entry_stride] = static_cast<Number>(f(k));
    }
};

// Tangents of the points, placed as the entries of History: all 36 entries of a point, row by row,
// or, packed, those of the upper triangle.
struct Tangents {
    double* numbers;
    long point_stride, entry_stride;
    int packed;

    // Writes f(i, j) to the entries of a point.
    template <class F>
    DMN_FN void write(long point, const F& f) const {
        double* next = numbers + point * point_stride;
        for (int i = 0; i < 6; ++i)
            for (int j = packed ? i : 0; j < 6; ++j, next += entry_stride) *next = f(i, j);
    }
};

struct Batch {
    const double* strain;       // [n, 6]
    const double* temperature;  // [n], or null
    History history;
    double* stress;             // [n, 6]
    Tangents tangent;
    signed char* status;        // [n]
    int* iterations;            // [n]: passes over the tree
    double dt, tolerance;
    double no_stress;           // stress per strain that is round-off, where there are voids; else 0
    int max_iterations;
    int warm_start;
};

// Strains and start jumps of some points, instead of those of the batch; the jumps are returned.
struct Target {
    double* strain;  // [., 6], or null
    double* jumps;   // [., leaves − 1, 3]
};

// Gives the slots 0 … count − 1 one after the other, then −1. On a GPU threads share one.
class Slots {
  public:
    DMN_FN explicit Slots(long count) : count_(count) {}
    DMN_FN long take() { return next_ < count_ ? next_++ : -1; }

  private:
    long next_ = 0, count_;
};

}  // namespace dmn

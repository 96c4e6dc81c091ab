// One law at many points, without a network.
#pragma once

#include "phases.hpp"

namespace dmn {

struct Points {
    const double* strain;       // [n, 6]
    const double* temperature;  // [n], or null
    const double* old;          // [n, state_size]
    double* updated;            // [n, state_size]
    double* stress;             // [n, 6]
    double* tangent;            // [n, 6, 6]
    unsigned char* failed;      // [n], as of Outcome
    unsigned char* elastic;     // [n], as of Outcome
    double dt;
};

template <class Law>
void respond_at_points(const double* parameters, const Points& points, long n) {
    constexpr int size = Law::state_size;
    const Law law(parameters, points.dt);
    for (long start = 0; start < n; start += DMN_LANES) {
        Real strain[6], stress[6], old[size + 1], updated[size + 1];
        Step step = {points.dt, splat(0.0)};
        for (int l = 0; l < DMN_LANES; ++l) {
            const long point = start + l < n ? start + l : start;
            for (int i = 0; i < 6; ++i) set_lane(strain[i], l, points.strain[6 * point + i]);
            for (int k = 0; k < size; ++k) set_lane(old[k], l, points.old[size * point + k]);
            if (points.temperature) set_lane(step.temperature, l, points.temperature[point]);
        }
        for (int k = 0; k < size; ++k) updated[k] = old[k];
        Stiffness<false> tangent;
        const Outcome outcome = stress_and_tangent(law, strain, old, step, stress, tangent, updated);
        for (int l = 0; l < DMN_LANES && start + l < n; ++l) {
            const long point = start + l;
            for (int i = 0; i < 6; ++i) points.stress[6 * point + i] = lane(stress[i], l);
            for (int i = 0; i < 36; ++i)
                points.tangent[36 * point + i] = lane(tangent.entry[i], l);
            for (int k = 0; k < size; ++k) points.updated[size * point + k] = lane(updated[k], l);
            points.failed[point] = lane(outcome.failed, l);
            points.elastic[point] = lane(outcome.elastic, l);
        }
    }
}

}  // namespace dmn

// Makes a library of one law.
#define DMN_LAW_LIBRARY(...)                                                          \
    extern "C" void dmn_law(const double* parameters, const dmn::Points* points,      \
                            long n) {                                                 \
        dmn::respond_at_points<__VA_ARGS__>(parameters, *points, n);                  \
    }

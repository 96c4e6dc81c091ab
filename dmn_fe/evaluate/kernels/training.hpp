// Training as a shared library.
#pragma once

#include "stiffness_loss.hpp"
#include "threads.hpp"

// Errors of the samples of all tasks and, added, their derivatives.
// Gives 0, or 1 where memory is short.
extern "C" int dmn_stiffness_loss(int phases, int turns, const dmn::StiffnessSamples* samples,
                                  const dmn::StiffnessTask* tasks, long count, int threads) {
    return dmn::run_parts(count, threads, [&](long number) {
        const dmn::StiffnessTask& task = tasks[number];
        dmn::Work work(dmn::StiffnessLoss::work_size(task.network, phases, turns));
        dmn::StiffnessLoss loss(task.network, phases, work.data());
        loss.run(*samples, task);
        if (task.d_fraction) loss.add_derivatives(task, turns);
    });
}

// Training as a shared library.
#pragma once

#include "stiffness_loss.hpp"
#include "work.hpp"

// Errors of the samples begin … end − 1 of a task of one network, and, added, their derivatives.
// Gives 0, or 1 where memory is short.
extern "C" int dmn_stiffness_loss(const dmn::Network* network, int phases, int turns,
                                  const dmn::StiffnessSamples* samples,
                                  const dmn::StiffnessTask* task, long begin, long end) {
    return dmn::safely([&] {
        dmn::Work work(dmn::StiffnessLoss::work_size(*network, phases, turns));
        dmn::StiffnessLoss loss(*network, phases, work.data());
        loss.run(*samples, *task, begin, end);
        if (task->d_fraction) loss.add_derivatives(*task, turns);
    });
}

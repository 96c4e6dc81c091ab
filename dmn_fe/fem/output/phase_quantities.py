"""Averages over the phases of networks at quadrature points, and what fields show of them."""

import copy
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dmn_fe import mandel
from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.evaluate import PhaseAverage, phase_averages
from dmn_fe.fem.balanced_law import BalancedLaw
from dmn_fe.fem.node_law import NodeLaw
from dmn_fe.fem.output.quantities import FAMILIES, Quantity
from dmn_fe.fem.problem import Problem
from dmn_fe.fem.quadrature import QuadratureMap
from dmn_fe.fem.switched_state import SwitchedState
from dmn_fe.fem.switching_law import SwitchingLaw
from dmn_fe.laws import MaterialLaw, Oriented

__all__ = ["averages_of"]

Averages = dict[Any, dict[str, PhaseAverage]]  # by law and phase

# The last ones of each problem, and the stress array of their commit: tables and fields of one step
# take them in turn, and they cost one or two evaluations of the laws.
_last: "weakref.WeakKeyDictionary[QuadratureMap, tuple[NDArray[np.float64], Averages]]"
_last = weakref.WeakKeyDictionary()


def averages_of(problem: Problem) -> Averages:
    """Averages over the phases of each law at its owned points, as of the last committed step.

    A law that the ranks of a node share is evaluated on the rank that has it; but for that nothing
    is communicated.

    Raises
    ------
    InputError
        As :func:`~dmn_fe.evaluate.phase_averages`.
    """
    qmap = problem.qmap
    stress, found = _last.get(qmap, (None, {}))
    if stress is qmap.committed_stress:
        return found
    strain, temperature = torch.from_numpy(qmap.strain()), qmap.temperature()
    warmth = None if temperature is None else torch.from_numpy(temperature)
    found = {}
    for key, points in qmap.points_of_groups().items():
        law, own_warmth = qmap.laws[key], None if warmth is None else warmth[points]
        if isinstance(law, SwitchingLaw):
            found[key] = _switched(law, qmap.kept_state(key), strain[points])
            continue
        evaluate: Callable[..., Any] = _shared if isinstance(law, NodeLaw) else phase_averages
        found[key] = evaluate(_own(law), qmap.state_of(key), strain[points], own_warmth)
    _last[qmap] = qmap.committed_stress, found
    return found


def _switched(law: SwitchingLaw, state: SwitchedState, strain: Tensor) -> dict[str, PhaseAverage]:
    """Averages of a network, or of the RVE at the points that have it."""
    active = state.active
    averages = phase_averages(law.network, state.network, strain)
    of_rve = phase_averages(law.rve, state.rve, strain[active])
    found = {}
    for name, one in averages.items():
        values = [*one.vectors, one.largest_von_mises]
        others = [*of_rve[name].vectors, of_rve[name].largest_von_mises]
        merged = [value.index_copy(0, active, o) for value, o in zip(values, others, strict=True)]
        found[name] = PhaseAverage(one.fraction, *merged)
    return found


def _own(law: MaterialLaw) -> MaterialLaw:
    """A law whose points ranks share, as each of them has it."""
    if isinstance(law, BalancedLaw):
        return law.law
    if isinstance(law, Oriented) and isinstance(law.law, BalancedLaw):
        turned = copy.copy(law)
        turned.law = law.law.law
        return turned
    return law


def _shared(
    law: NodeLaw, state: Tensor, strain: Tensor, temperature: Tensor | None
) -> dict[str, PhaseAverage]:
    """Averages of a law that one rank of a device has (collective over its ranks)."""
    comm, inner = law._comm, law._law
    ranks = comm.gather((state, strain, temperature), root=0)
    parts: list[dict[str, PhaseAverage]] | None = None
    with RaiseTogether(comm):
        if inner is not None and ranks is not None:
            states, strains, warmths = zip(*ranks, strict=True)
            warmth = None if temperature is None else torch.cat(warmths)
            averages = phase_averages(inner, torch.cat(states), torch.cat(strains), warmth)
            parts, start = [], 0
            for own in states:
                rows = slice(start, start := start + len(own))
                parts.append({name: one.rows(rows) for name, one in averages.items()})
    return comm.scatter(parts, root=0)


def _register(beginning: str, vector: str, unit: str) -> None:
    def make(phase: str) -> Quantity:
        def values(problem: Problem) -> NDArray[np.float64]:
            return _tensors(problem, phase, vector)

        return Quantity(beginning + phase, values, (3, 3), unit)

    FAMILIES[beginning] = make


_register("stress of ", "stress", "stress")
_register("inelastic strain of ", "inelastic_strain", "1")


def _tensors(problem: Problem, phase: str, vector: str) -> NDArray[np.float64]:
    """Tensors ``[n, 3, 3]`` of a phase's averages; zero where the law has no such phase."""
    values = torch.zeros(len(problem.qmap.committed_stress), 6, dtype=torch.float64)
    averages = averages_of(problem)
    for key, points in problem.qmap.points_of_groups().items():
        if phase in averages[key]:
            values[points] = getattr(averages[key][phase], vector)
    known = dict.fromkeys(name for one in averages.values() for name in one)
    if phase not in known:
        names = ", ".join(repr(name) for name in known)
        raise InputError(f"no material of the problem has a phase {phase!r}; there are: {names}.")
    return mandel.to_tensor(values).numpy()

"""Tests of trained networks on the references of an RVE, in JSON values."""

import math
import time
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from dmn_fe.assessment.coverage import coverage, mean_response
from dmn_fe.assessment.subject import Training
from dmn_fe.evaluate import FixedPointLaw, NetworkLaw, StrainPathResponse, follow_strain_path
from dmn_fe.evaluate.path_error import PathErrors, response_errors
from dmn_fe.homogenization import ReferencePaths
from dmn_fe.laws import Update, laws_from_description
from dmn_fe.network import Network

__all__ = ["number", "tested"]


def tested(training: Training, networks: Sequence[Network]) -> dict[str, Any]:
    """Errors with every reference: of all networks, and of the mean of the first few.

    With the first reference the networks are also tested with the fixed-point solver, if the
    training asks for it.
    """
    found = {}
    for place, (name, file) in enumerate(training.subject.truth.items()):
        reference = ReferencePaths.load(file)
        laws = laws_from_description(reference.meta["laws"])
        newton = [_follow(NetworkLaw(network, laws), reference) for network in networks]
        responses = [response for response, _ in newton[: training.ensemble]]
        mean = response_errors(mean_response(responses), reference)
        entry: dict[str, Any] = {
            "paths": list(reference.names),
            "counted": mean.counted.tolist(),
            "seeds": [_errors(response_errors(response, reference)) for response, _ in newton],
            "newton": [cost for _, cost in newton],
            "ensemble": _errors(mean),
            "coverage": coverage(responses, reference),
        }
        if place == 0 and training.fixed_point:
            fixed = [_follow(FixedPointLaw(network, laws), reference) for network in networks]
            # Which is in torch: compared with Newton's iteration there.
            torch = [NetworkLaw(network, laws, backend="torch") for network in networks]
            entry["newton_in_torch"] = [_follow(law, reference)[1] for law in torch]
            entry["fixed_point_seeds"] = [
                _errors(response_errors(response, reference)) for response, _ in fixed
            ]
            entry["fixed_point"] = [cost for _, cost in fixed]
        found[name] = entry
    return found


def number(value: float) -> float | None:
    """JSON has no infinity and no not-a-number: None stands for both."""
    return value if math.isfinite(value) else None


class _Counting:
    """A law that counts its evaluations of points and their iterations."""

    def __init__(self, law: NetworkLaw):
        self._law, self.state_size = law, law.state_size
        self.points, self.iterations = 0, 0

    def initial_state(self, n: int) -> Tensor:
        """That of the law."""
        return self._law.initial_state(n)

    def integrate(self, strain: Tensor, state: Tensor, dt: float = 0.0) -> Update:
        """That of the law."""
        update = self._law.integrate(strain, state, dt)
        self.points += len(strain)
        self.iterations += int(update.iterations.sum())
        return update


def _follow(
    law: NetworkLaw, reference: ReferencePaths
) -> tuple[StrainPathResponse, dict[str, float]]:
    """Response to the paths, and what it costs: seconds, and sweeps a point and step."""
    counting, begin = _Counting(law), time.perf_counter()
    response = follow_strain_path(counting, reference.times, reference.strain)
    seconds = time.perf_counter() - begin
    return response, {"seconds": seconds, "sweeps": counting.iterations / counting.points}


def _errors(errors: PathErrors) -> dict[str, Any]:
    return {
        "mean": [number(value) for value in errors.mean.tolist()],
        "largest": [number(value) for value in errors.largest.tolist()],
        "overall_mean": number(errors.overall_mean),
        "overall_largest": number(errors.overall_largest),
    }

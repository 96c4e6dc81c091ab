"""Stress of a network along strain paths, and the exact gradient of a function of it.

A converged network minimises an incremental energy over its strain jumps. With the stress
``σ = ∂W/∂ε`` and an adjoint strain λ (the derivative of the loss with respect to σ), the derivative
of ``λ · σ`` with respect to weights and normals is therefore that of

    Φ = Σ_leaf share_i [σ_i · δε_i + ...],    ε_i, δε_i from the jumps a, δa at fixed a, δa,

where ``δε_i`` answers the macroscopic strain λ in the network linearised at its solution: one more
sweep. Along a path the committed states of the leaves carry the derivative from step to step: going
backwards in time, the derivative with respect to the state enters the same sweep as a stress of its
own.
"""

import torch
from torch import Tensor

from dmn_fe.evaluate.core.cpu import CpuEngine
from dmn_fe.evaluate.leaves import Leaves
from dmn_fe.evaluate.network_law import NetworkLaw
from dmn_fe.evaluate.sweep import Sweep, divide_strain
from dmn_fe.laws import Status
from dmn_fe.network.laminate import jump_strain
from dmn_fe.network.parametrisation import Geometry
from dmn_fe.network.tree import Level, Tree, level_fractions
from dmn_fe.training.core_gradient import stress_derivatives

__all__ = ["PathResponse", "follow"]


class PathResponse:
    """Response of a network to strain paths, step by step.

    Attributes
    ----------
    stress : Tensor ``[points, steps, 6]``
    converged : bool Tensor ``[points]``
        Points where all steps converged.
    starts : Tensor ``[steps, points, 6 + 3 · laminates]``
        Strains and jumps at the end of each step, for the next evaluation to begin with; those of
        the start where a step has not converged.
    """

    def __init__(
        self,
        law: NetworkLaw,
        dt: list[float],
        committed: list[Tensor],
        stress: list[Tensor],
        ok: Tensor,
    ):
        # What has failed is put back to its start, lest not-a-number spoil the sums over points.
        if not ok.all():
            committed = [torch.where(ok[:, None], state, committed[0]) for state in committed]
        self._network, self._engine, self._layout = law.network, law.engine, law.engine.layout
        self._laws = law.laws
        self._dt, self._committed = dt, committed  # of states one more than of steps
        self.stress, self.converged = torch.stack(stress, 1), ok
        self.starts = torch.stack([state[:, : self._layout.leading] for state in committed[1:]])

    def gradient(self, geometry: Geometry, stress_gradient: Tensor) -> Tensor:
        """A scalar whose derivative with respect to the geometry's parameters is that of the loss.

        Parameters
        ----------
        geometry : Geometry
            Of this one network, with its graph.
        stress_gradient : Tensor ``[points, steps, 6]``
            Derivative of the loss with respect to the stresses; zero where not converged.
        """
        steps = self.stress.shape[1]
        if steps == 1 and isinstance(self._engine, CpuEngine):
            return self._gradient_of_one_step(geometry, stress_gradient[:, 0])
        tree, sweep = self._network.tree, Sweep(self._network)
        leaves = Leaves(self._network, self._laws)
        total = geometry.weights.new_zeros(())
        state_gradient: Tensor | None = None  # with respect to the state after the step
        for k in range(steps - 1, -1, -1):
            history, dt = self._layout.history(self._committed[k]), self._dt[k]
            macro = self._committed[k + 1][:, :6].mT.contiguous()
            jumps = self._layout.jumps(self._committed[k + 1])
            strain = sweep.leaf_strain(macro, jumps)
            update = leaves.integrate(strain, history, dt)
            tangent = update.tangent()
            load = _strain_gradient(leaves, strain, history, dt, state_gradient)
            share = sweep.leaf_share
            offset = torch.zeros_like(strain)
            if load is not None:
                offset = torch.where(share > 0, load / share, 0.0)  # a leaf without weight has none
            adjoint = sweep.localise(stress_gradient[:, k].mT.contiguous(), tangent, offset)
            total = total + _explicit(
                tree, geometry, sweep, macro, jumps, adjoint, update.stress, tangent, load
            )
            if k > 0:
                state_gradient = _state_gradient(
                    leaves, strain, history, dt, share * adjoint, state_gradient
                )
        return total

    def _gradient_of_one_step(self, geometry: Geometry, stress_gradient: Tensor) -> Tensor:
        assert isinstance(self._engine, CpuEngine)
        old, new = self._committed
        by_fraction, by_normal = stress_derivatives(
            self._engine, old, new, stress_gradient, self._dt[0]
        )
        fractions = torch.cat(level_fractions(self._network.tree, geometry.weights[:, 0]))
        normals = geometry.normals[:, :, 0]
        return (by_fraction * fractions).sum() + (by_normal.mT[: len(normals)] * normals).sum()


@torch.no_grad()
def follow(
    law: NetworkLaw, strain: Tensor, dt: list[float], state: Tensor, guess: Tensor | None
) -> PathResponse:
    """Response of a network to strain paths ``[points, steps, 6]`` from states.

    ``guess`` holds what each step starts from, as of :attr:`PathResponse.starts`; without it a step
    starts where the last one ended.
    """
    committed, stress = [state], []
    ok = torch.ones(len(strain), dtype=torch.bool)
    leading = law.engine.layout.leading
    for k in range(strain.shape[1]):
        start = committed[-1]
        if guess is not None:
            start = torch.cat([guess[k], start[:, leading:]], -1)
        update = law.integrate(strain[:, k].contiguous(), start, dt[k])
        ok &= update.status == Status.CONVERGED
        committed.append(update.state)
        stress.append(update.stress)
    return PathResponse(law, dt, committed, stress, ok)


def _explicit(
    tree: Tree,
    geometry: Geometry,
    sweep: Sweep,
    macro: Tensor,
    jumps: Tensor,
    adjoint: Tensor,
    stress: Tensor,
    tangent: Tensor,
    load: Tensor | None,
) -> Tensor:
    """Φ with the jumps of strain and adjoint strain held fixed."""
    points = macro.shape[-1]
    both = torch.cat([jumps, sweep.jumps(adjoint)], -1)
    both_macro = torch.cat([macro, sweep.average(adjoint)], -1)
    weights, normals = geometry.weights[:, 0], geometry.normals[:, :, 0]
    if len(normals) == 2:
        normals = torch.cat([normals, torch.zeros_like(normals[:1])])
    moved = _localised(tree, both_macro, both, weights, normals)
    share = sweep.leaf_share
    forces = share * (tangent * adjoint).sum(1)
    if load is not None:
        forces = forces + load
    power = ((stress * adjoint).sum(0)).sum(-1)  # of each leaf
    shares = weights / weights.sum()
    return (
        (shares * power).sum()
        + (forces * moved[..., :points]).sum()
        + (share * stress * moved[..., points:]).sum()
    )


def _localised(
    tree: Tree, macro: Tensor, jumps: Tensor, weights: Tensor, normals: Tensor
) -> Tensor:
    """Leaf strains ``[6, leaf, point]`` as functions of weights and normals, at fixed jumps."""
    fractions = iter(level_fractions(tree, weights))

    def divide(level: Level, values: Tensor) -> Tensor:
        normal = normals[:, level.laminates, None]
        jump = jump_strain(normal, jumps[:, level.laminates])
        return divide_strain(values, jump, next(fractions)[:, None])

    return tree.down(macro, divide, axis=1)


def _strain_gradient(
    leaves: Leaves, strain: Tensor, history: Tensor, dt: float, state_gradient: Tensor | None
) -> Tensor | None:
    """Derivative of ``state_gradient · new history`` with respect to the leaf strains."""
    if state_gradient is None:
        return None
    with torch.enable_grad():
        strain = strain.detach().requires_grad_()
        new = leaves.integrate(strain, history, dt).history()
        if not new.requires_grad:
            return torch.zeros_like(strain)  # laws without a state
        return torch.autograd.grad((new * state_gradient).sum(), strain)[0]


def _state_gradient(
    leaves: Leaves,
    strain: Tensor,
    history: Tensor,
    dt: float,
    forces: Tensor,
    state_gradient: Tensor | None,
) -> Tensor:
    """Derivative with respect to the history, at fixed leaf strains."""
    with torch.enable_grad():
        history = history.detach().requires_grad_()
        update = leaves.integrate(strain, history, dt)
        value = (update.stress * forces).sum()
        if state_gradient is not None:
            value = value + (update.history() * state_gradient).sum()
        if not value.requires_grad:
            return torch.zeros_like(history)  # laws without a state
        return torch.autograd.grad(value, history)[0]

"""A material network as a material law."""

import hashlib
import math
from collections.abc import Mapping

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.evaluate.backends import Backend, Engine, make_engine
from dmn_fe.evaluate.leaves import check_laws
from dmn_fe.evaluate.sweep import Sweep
from dmn_fe.laws import (
    MaterialLaw,
    Update,
    check_points,
    laws_fingerprint,
    takes_temperature,
)
from dmn_fe.network import Network

__all__ = ["NetworkLaw"]


class NetworkLaw:
    """A network whose leaves carry laws: Newton iteration over the leaf strains at every point.

    Implements :class:`~dmn_fe.laws.MaterialLaw`.

    Parameters
    ----------
    network : Network
        A trained network, e.g. from ``dmn_fe.load``.
    laws : mapping of str to MaterialLaw
        One law for every phase name of the network.
    tolerance : float
        Largest relative traction jump at an interface.
    max_iterations : int
        Limit of sweeps of an attempt at a point. One that needs more goes to its strain in parts,
        up to 64, each with this limit, and gets ``Status.MAX_ITERATIONS`` where these fail too.
    backend : str
        ``"cpu"``, the compiled core; ``"cuda"``, the core on the GPU that is the current one of
        torch; ``"torch"``, the reference; ``"auto"``, the core on the processor where there are a
        compiler and compiled forms of all laws, else torch, with a warning.
    warm_start : bool
        Whether the state holds the jumps of the laminates, where the next step starts. Without
        them it is smaller by ``6 + 3 · laminates`` numbers a point, and steps of a history take
        more sweeps.
    single : bool
        Whether the state is kept in single precision: half the memory; the update itself computes
        in double precision.
    """

    def __init__(
        self,
        network: Network,
        laws: Mapping[str, MaterialLaw],
        tolerance: float = 1e-8,
        max_iterations: int = 50,
        backend: Backend = "auto",
        *,
        warm_start: bool = True,
        single: bool = False,
    ):
        if not isinstance(network, Network):
            raise InputError(
                f"NetworkLaw takes one network, but this is of type {type(network).__name__}; give "
                "dmn_fe.load(file), and where the file holds several networks, give it to "
                "evaluate.network_law."
            )
        if not 0 < tolerance < 1:
            raise InputError(f"NetworkLaw: tolerance = {tolerance} must lie between 0 and 1.")
        if type(max_iterations) is not int or not 1 <= max_iterations < 2**31:
            raise InputError(
                f"NetworkLaw: max_iterations = {max_iterations!r} must be a whole number from 1."
            )
        check_laws(network, laws)
        self.network = network
        self.laws = dict(laws)
        self.tolerance = tolerance
        self.max_iterations = max_iterations
        self.symmetric_tangent = all(
            getattr(law, "symmetric_tangent", False) for law in laws.values()
        )
        self.takes_temperature = any(takes_temperature(law) for law in laws.values())
        self.state_dtype = torch.float32 if single else torch.float64
        self.engine: Engine = make_engine(
            backend, network, self.laws, tolerance, max_iterations, warm_start
        )

    @property
    def state_size(self) -> int:
        """Numbers of state per point; see :class:`~dmn_fe.evaluate.layout.StateLayout`."""
        return self.engine.layout.size

    def fingerprint(self) -> str:
        """SHA-256 (hex) of the network, the laws, and what the state holds."""
        parts = [self.network.fingerprint(), laws_fingerprint(self.laws), self.state_size]
        return hashlib.sha256(f"{parts} {self.state_dtype}".encode()).hexdigest()

    def initial_state(self, n: int) -> Tensor:
        """Virgin state ``[n, state_size]``, on the device of the backend."""
        state = self.engine.empty_states(n, self.state_size, self.state_dtype)
        return self.fill_virgin(state)

    def fill_virgin(self, state: Tensor) -> Tensor:
        """Make states ``[n, state_size]`` virgin."""
        return state.copy_(self.engine.layout.virgin(self.laws))

    def integrate(
        self,
        strain: Tensor,
        state: Tensor,
        dt: float = 0.0,
        temperature: Tensor | float | None = None,
    ) -> Update:
        """Update ``n`` points; see :class:`~dmn_fe.laws.MaterialLaw`.

        ``iterations`` of the result counts the sweeps. The tangent may be computed from ``state``
        when first asked for: do not overwrite ``state`` before. ``temperature`` is the change from
        that without thermal strain, of all points or ``[n]``; laws that take none ignore it. With
        the backend ``"cuda"`` the state lies on the GPU, and all else of the result where
        ``strain`` does.

        Raises
        ------
        InputError
            If arguments do not fit.
        """
        return self.integrate_into(None, strain, state, dt, temperature)

    def integrate_into(
        self,
        new_state: Tensor | None,
        strain: Tensor,
        state: Tensor,
        dt: float = 0.0,
        temperature: Tensor | float | None = None,
    ) -> Update:
        """As :meth:`integrate`, with memory for the new states: some columns of what
        ``engine.empty_states`` has made, as ``state`` is of the old ones, which stay."""
        check_points(self, strain, state)
        if not (math.isfinite(dt) and dt >= 0):
            raise InputError(f"NetworkLaw: dt = {dt} must be finite and >= 0.")
        self._check_places(strain, state)
        warmth = self._temperature(temperature, len(strain))
        return self.engine.integrate(strain, state, float(dt), warmth, new_state)

    def leaf_strain(self, state: Tensor) -> Tensor:
        """Strains of the leaves ``[n, leaves, 6]`` at the end of the step that made ``state``.

        Raises
        ------
        InputError
            Without a warm start, whose jumps it takes.
        """
        layout = self.engine.layout
        if not layout.leading:
            raise InputError("the strains of the leaves are not kept without warm_start.")
        state = state.to("cpu", torch.float64)
        jumps = layout.jumps(state)
        return Sweep(self.network).leaf_strain(state[:, :6].mT, jumps).permute(2, 1, 0)

    def _check_places(self, strain: Tensor, state: Tensor) -> None:
        place = self.engine.device
        if state.device != place:
            raise InputError(
                f"NetworkLaw: the state lies on {state.device}, but this backend keeps it on "
                f"{place}; start from initial_state(n), or give state.to('{place}')."
            )
        if strain.device.type != "cpu" and strain.device != place:
            raise InputError(
                f"NetworkLaw: the strain lies on {strain.device}, the state on {place}; give "
                f"strain.to('{place}')."
            )

    def _temperature(self, temperature: Tensor | float | None, n: int) -> Tensor | None:
        if temperature is None:
            return None
        given = torch.as_tensor(temperature, dtype=torch.float64)
        if given.device.type != "cpu" and given.device != self.engine.device:
            raise InputError(
                f"NetworkLaw: the temperature lies on {given.device}, the state on "
                f"{self.engine.device}; give temperature.to('{self.engine.device}')."
            )
        if given.shape not in ((), (n,)):
            raise InputError(
                f"NetworkLaw: temperature has the shape {tuple(given.shape)}, expected ({n},)."
            )
        return given.expand(n) if self.takes_temperature else None

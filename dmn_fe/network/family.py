"""Networks of one topology over a parameter of the microstructure, for parts in which it varies."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dmn_fe.errors import InputError
from dmn_fe.network.cells import Cells
from dmn_fe.network.family_parameters import FibreOrientation, Parameter, VolumeFraction
from dmn_fe.network.interpolation import blend, check_alike
from dmn_fe.network.network import Network

__all__ = ["NetworkFamily"]

_OUTSIDE = 1e-6  # from where on a value lies outside; as far as tensors may be off
_SAME = 9  # digits of values of one network


class NetworkFamily:
    """Networks trained at several values of a parameter, and those between them.

    Made by :meth:`of_volume_fractions` or :meth:`of_orientations`. Between the values networks are
    interpolated as by :func:`~dmn_fe.network.interpolate`: linearly between two neighbours, or
    within the triangles of Delaunay between orientations. All must come from one start, each
    trained from another one (``pretrained`` of :func:`dmn_fe.training.train`), so that a leaf or
    laminate means the same in all of them.
    """

    def __init__(
        self, networks: Sequence[Network], values: NDArray[np.float64], parameter: Parameter
    ):
        self.networks, self._values, self._parameter = tuple(networks), values, parameter
        self._cells = Cells(parameter.coordinates(values))

    @classmethod
    def of_volume_fractions(cls, networks: Mapping[float, Network], phase: str) -> "NetworkFamily":
        """A family over the volume fraction of one phase.

        Parameters
        ----------
        networks : mapping of float to Network
            Two or more, by the fraction that each was trained at.
        phase : str
            Name of the phase.

        Raises
        ------
        InputError
            If a fraction is none, if the networks differ in tree or phases, if none has the phase,
            or if the networks' own fractions do not rise with those given.
        """
        parameter = VolumeFraction(phase)
        values, members = _nodes(networks, parameter)
        names = members[0].phase_names
        if phase not in names:
            raise InputError(f"the networks have the phases {', '.join(names)}, but no {phase!r}.")
        order = np.argsort(values[:, 0])
        values, members = values[order], [members[k] for k in order]
        own = [float(network.volume_fractions[names.index(phase)]) for network in members]
        if not (np.diff(own) > 0).all():
            raise InputError(
                f"the networks at the volume fractions {values[:, 0].tolist()} of {phase!r} have "
                f"{[round(fraction, 4) for fraction in own]} themselves; give each at the fraction "
                "it was trained at."
            )
        return cls(members, values, parameter)

    @classmethod
    def of_orientations(
        cls, networks: Mapping[tuple[float, float, float], Network]
    ) -> "NetworkFamily":
        """A family over the second-order orientation tensor of fibres (Advani & Tucker, J. Rheol.
        31 (1987) 751), by its eigenvalues λ1 ≥ λ2 ≥ λ3 that add up to one.

        They lie in a triangle with the corners (1, 0, 0), unidirectional, (½, ½, 0), isotropic in
        the plane, and (⅓, ⅓, ⅓), isotropic. The microstructure of each network must have its
        eigenvectors along the axes: most fibres along axis 1, fewest along axis 3. A tensor does
        not tell the signs of its eigenvectors: the response should be orthotropic in these axes,
        and alike across the axis of a tensor with two equal eigenvalues, as that of a large RVE is.

        Parameters
        ----------
        networks : mapping of three floats to Network
            By the eigenvalues that each was trained at. Of two, or of more on one line, those
            between lie on the line as well.

        Raises
        ------
        InputError
            If eigenvalues are none, or the networks differ in tree or phases.
        """
        values, members = _nodes(networks, FibreOrientation())
        return cls(members, values, FibreOrientation())

    def at(self, value: Any, *, clamp: bool = False) -> Network:
        """The network at a volume fraction, or at three falling eigenvalues (in its own axes).

        Parameters
        ----------
        value : float or three floats
        clamp : bool
            Whether to take the nearest value that lies among those trained at.

        Raises
        ------
        InputError
            If it is none, or lies outside the values that networks were trained at.
        """
        inside = self._inside(self._parameter.checked(value)[None], clamp, place=False)
        return self._network(inside[0])

    def assign(
        self, values: ArrayLike, resolution: float | None = None, *, clamp: bool = False
    ) -> tuple[list[Network], NDArray[np.int32], NDArray[np.float64] | None]:
        """Networks for many points, few of them: values are rounded to a grid.

        Parameters
        ----------
        values : array
            Volume fractions ``[n]``; or orientation tensors ``[n, 3, 3]``, or ``[n, 6]`` as Mandel
            vectors.
        resolution : float, optional
            Step of the grid, by half of which numbers are off at most: 0.005 for volume fractions,
            0.02 for eigenvalues, whose shares of the triangle's corners are multiples.
        clamp : bool
            As of :meth:`at`.

        Returns
        -------
        networks : list of Network
            Those that are needed, each with its value in the metadata.
        index : int32 array ``[n]``
            The network of each point.
        rotation : array ``[n, 3, 3]`` or None
            Of each point the axes of its network as columns, as :class:`~dmn_fe.laws.Oriented`
            takes them: axis 1 is the eigenvector of the largest eigenvalue. None where the
            parameter has no direction.

        Raises
        ------
        InputError
            As of :meth:`at`, with the first point; and if a tensor is not symmetric, has another
            trace than 1 or an eigenvalue below zero (by more than 1e-6).
        """
        parameter = self._parameter
        step = parameter.default_resolution if resolution is None else resolution
        if not 0 < step <= 1:
            raise InputError(f"resolution = {resolution} must lie above 0, up to 1, e.g. 0.01.")
        given, rotation = parameter.at_points(values)
        inside = parameter.values(self._inside(given, clamp, place=True))
        grid = self._cells.nearest(parameter.coordinates(parameter.rounded(inside, step)))
        keys = np.round(grid, _SAME)
        _, first, index = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        networks = [self._network(coordinates) for coordinates in grid[first]]
        return networks, index.reshape(-1).astype(np.int32), rotation

    def _inside(self, values: NDArray[np.float64], clamp: bool, place: bool) -> NDArray[np.float64]:
        """Plane coordinates ``[n, 2]`` of values, or of the nearest to them in the cells."""
        coordinates = self._parameter.coordinates(values)
        nearest = self._cells.nearest(coordinates)
        off = np.flatnonzero(np.linalg.norm(nearest - coordinates, axis=1) > _OUTSIDE)
        if len(off) and not clamp:
            told = self._parameter.told(values[off[0]]) + (f" at point {off[0]}" if place else "")
            trained = [tuple(np.round(value, 6).tolist()) for value in self._values]
            among = ", ".join(str(v[0] if len(v) == 1 else v) for v in trained)
            raise InputError(
                f"{told} lies outside what networks were trained at, {among}: train one there, or "
                "take the nearest with clamp=True."
            )
        return nearest

    def _network(self, coordinates: NDArray[np.float64]) -> Network:
        corners, shares = (part[0] for part in self._cells.shares(coordinates[None]))
        network = blend([self.networks[corner] for corner in corners], shares.tolist())
        value = self._parameter.values(coordinates[None])[0]
        return network.with_metadata(**self._parameter.entry(value))


def _nodes(networks: Mapping, parameter: Parameter) -> tuple[NDArray[np.float64], list[Network]]:
    """Values ``[k, numbers]`` and networks of a family, checked."""
    if not isinstance(networks, Mapping) or len(networks) < 2:
        raise InputError("a family has two or more networks; give a dictionary of them.")
    for key, network in networks.items():
        if not isinstance(network, Network):
            raise InputError(
                f"what a family has at {key} is of type {type(network).__name__}; give a network, "
                "e.g. dmn_fe.load(file)."
            )
    values = np.stack([parameter.checked(key) for key in networks])
    members = list(networks.values())
    check_alike(members)
    apart = np.linalg.norm(values[:, None] - values, axis=-1) + 2.0 * np.eye(len(values))
    if apart.min() <= _OUTSIDE:
        twice = parameter.told(values[apart.min(1).argmin()])
        raise InputError(f"a family has two networks at {twice}; give one.")
    return values, members

"""Data sets of nonlinear samples: strains, stresses of one RVE, and materials, in one file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.laws import J2, Elastic, LinearHardening, MaterialLaw, laws_from_description
from dmn_fe.tensor_file import TensorFormat

__all__ = ["KINDS", "PathDataset", "random_laws"]

KINDS = ("one-step", "history")
_FORMAT = TensorFormat(
    key="dmn_fe.path_data",
    version=1,
    tensors=("strain", "stress", "material", "dt"),
    what="a data set of nonlinear samples",
    mend="make it with dmn-fe data --kind one-step, under a name of its own",
)


@dataclass(frozen=True, eq=False)
class PathDataset:
    """Nonlinear samples of one RVE.

    Attributes
    ----------
    strain : Tensor ``[n, steps, 6]``
        Macroscopic strain (Mandel) at the end of each step. Of kind "one-step" each is reached in
        one backward-Euler step from the virgin state; of kind "history" one after the other.
    stress : Tensor ``[n, steps, 6]``
        Macroscopic stress of the RVE at the end of each step.
    material : Tensor ``[n, phases, 4]``
        Young's modulus, Poisson's ratio, yield stress and hardening modulus of each phase; the
        yield stress of an elastic phase is infinite. Not-a-number where the laws were given.
    dt : Tensor ``[n, steps]``
        Time of each step.
    meta : dict
        Where the samples come from, as JSON values: ``kind``, ``steps``, ``samples`` (as many were
        drawn), ``failed`` (numbers of those that did not converge and are left out), ``blocks``
        (sizes of the Latin hypercubes, one after the other), ``seed``, ``strain_scale``, ``dt``,
        ``tolerance``, ``laws_fingerprint`` (of given laws; None for random materials), ``laws``
        (their description), ``scheme``, ``grid``, ``size``, ``rve_hash``, ``phase_names``,
        ``volume_fractions``.

    Raises
    ------
    InputError
        If shapes or values do not fit together.
    """

    strain: Tensor
    stress: Tensor
    material: Tensor
    dt: Tensor
    meta: dict

    def __post_init__(self):
        n, phases = len(self.stress), len(self.meta.get("phase_names", ()))
        kind, steps = self.meta.get("kind"), self.meta.get("steps")
        if kind not in KINDS:
            raise InputError(f"kind = {kind!r} is unknown: give one of {', '.join(KINDS)}.")
        expected = {
            "strain": (n, steps, 6),
            "stress": (n, steps, 6),
            "material": (n, phases, 4),
            "dt": (n, steps),
        }
        for name, shape in expected.items():
            value = getattr(self, name)
            if phases == 0 or tuple(value.shape) != shape:
                raise InputError(
                    f"nonlinear samples of {phases} phases in {steps} steps have the {name} of "
                    f"shape {tuple(value.shape)}, expected {shape}."
                )
            if value.dtype != torch.float64:
                raise InputError("the tensors of nonlinear samples must be float64.")
            if name != "material" and not torch.isfinite(value).all():
                raise InputError(f"a {name} of the nonlinear samples is not finite.")
        drawn, failed = self.meta.get("samples", n), self.meta.get("failed", [])
        if n + len(failed) != drawn or not set(failed) <= set(range(drawn)):
            raise InputError(f"{n} samples and {len(failed)} that failed are not {drawn}.")
        self._check_material()

    def _check_material(self) -> None:
        if self.meta.get("laws_fingerprint") is not None:
            if not self.material.isnan().all():
                raise InputError("nonlinear samples of given laws have no material parameters.")
            if "laws" not in self.meta:
                raise InputError("nonlinear samples of given laws lack these laws.")
            return
        young, poisson, yield_stress, modulus = self.material.unbind(-1)
        good = (young > 0) & torch.isfinite(young) & (poisson > -1) & (poisson < 0.5)
        good &= (yield_stress > 0) & (modulus >= 0) & torch.isfinite(modulus)
        if not good.all():
            raise InputError("a material of the nonlinear samples makes no sense.")

    def __len__(self) -> int:
        return len(self.stress)

    @property
    def kind(self) -> str:
        """What the samples are: one of ``KINDS``."""
        return self.meta["kind"]

    @property
    def phase_names(self) -> tuple[str, ...]:
        """Names of the phases in order."""
        return tuple(self.meta["phase_names"])

    @property
    def volume_fractions(self) -> tuple[float, ...]:
        """Volume fraction of each phase in the RVE."""
        return tuple(self.meta["volume_fractions"])

    def laws(self, sample: int) -> dict[str, MaterialLaw]:
        """The law of each phase in a sample.

        Raises
        ------
        InputError
            If it was made with a law that cannot be described in a file.
        """
        if self.meta.get("laws_fingerprint") is not None:
            return laws_from_description(self.meta["laws"])
        return random_laws(self.phase_names, self.material[sample])

    def save(self, path: str | Path) -> None:
        """Write the file under its name only when it is complete; the bytes depend on the
        content alone."""
        tensors = {name: getattr(self, name) for name in _FORMAT.tensors or ()}
        _FORMAT.save(path, tensors, {"meta": self.meta})

    @classmethod
    def load(cls, path: str | Path) -> "PathDataset":
        """Read a file written by :meth:`save`.

        Raises
        ------
        InputError
            If the file is missing, damaged, of another kind or of another format version.
        """
        return _FORMAT.read(path, lambda tensors, header: cls(**tensors, meta=header["meta"]))


def random_laws(names: Sequence[str], material: Tensor) -> dict[str, MaterialLaw]:
    """Law of each phase from a row of ``material``, ``[phases, 4]``."""
    laws: dict[str, MaterialLaw] = {}
    for name, row in zip(names, material.tolist(), strict=True):
        young, poisson, yield_stress, modulus = row
        if yield_stress == float("inf"):
            laws[name] = Elastic.isotropic(young, poisson)
        else:
            laws[name] = J2(young, poisson, LinearHardening(yield_stress, modulus))
    return laws

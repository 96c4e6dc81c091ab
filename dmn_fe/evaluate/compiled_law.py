"""A law of one's own, from a few lines of C++; its tangent is differentiated."""

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.evaluate.core.compiler import CompilationError
from dmn_fe.evaluate.core.points import PointsUpdate, respond_at_points
from dmn_fe.evaluate.core.promises import check_promises
from dmn_fe.evaluate.core.written import KEYWORDS, RESERVED, TEMPLATE, explained
from dmn_fe.laws import Status, Update, check_points
from dmn_fe.laws.checks import check_time_step
from dmn_fe.laws.kernel import Kernel

__all__ = ["CompiledLaw"]

_checked: set[tuple[Kernel, bool]] = set()  # laws, and whether they were said to be isotropic


@dataclass(frozen=True)
class CompiledLaw:
    """A law whose stress update is written in C++, compiled into the core on first use.

    The update is a template: ``T`` stands for a number that may carry derivatives, and gives the
    tangent. Numbers are several points side by side: choose by ``select(condition, a, b)``, not by
    ``if``. There are ``sqrt``, ``exp``, ``log``, ``pow``, ``sin``, ``cos``, ``tanh``, ``abs``,
    ``min``, ``max``, ``trace(strain)``, ``square(strain)``, the sum of the squares of its six
    components, and ``deviator(strain, result)``; ``any(condition)`` and ``all(condition)`` tell of
    the points together. A condition is a ``Mask``; ``value(x)``, a ``Real``, is x without
    derivatives, which is what ``state`` and ``new_state`` hold (``splat(0.0)`` makes one of a
    number). An iteration runs on values and ends with one step of Newton in ``T``, which carries
    the derivative. Points where it fails are told by ``failed = condition``. Points that respond as
    the virgin law does, by its linear stress and with nothing new in the state, may be told by
    ``elastic = condition``: where all leaves of a point are elastic no tangent is computed. What is
    said of a law is tried at random strains, its tangent by differences, before a network relies on
    it.

    Parameters
    ----------
    source : str
        Statements that set ``stress[0 … 5]`` (Mandel) and, if it has one, ``new_state[…]`` from
        ``strain[0 … 5]``, ``state[…]``, ``dt`` and the parameters by their names.
    parameters : mapping of str to float
        Named as in the source.
    state_size : int
        Numbers of state per point; zero in a virgin point. What is not set stays as it is.
    name : str
        Name of the law in messages of the compiler.
    is_isotropic : bool
        Whether it responds alike in all directions; if not, leaves with axes of their own turn it.
    symmetric : bool
        Whether its tangent is always symmetric: the sweep is then faster.

    Raises
    ------
    InputError
        If an argument is none of these. What the compiler refuses is raised as a
        ``CompilationError`` with the line when the law is first used.
    """

    source: str
    parameters: Mapping[str, float] = field(default_factory=dict)
    state_size: int = 0
    name: str = "law"
    is_isotropic: bool = False
    symmetric: bool = False

    def __post_init__(self):
        if not isinstance(self.source, str) or not self.source.strip():
            raise InputError("CompiledLaw: source is empty; give statements that set stress.")
        if type(self.state_size) is not int or not 0 <= self.state_size <= 1000:
            raise InputError(
                f"CompiledLaw: state_size = {self.state_size!r} must be a whole number from 0 to "
                "1000."
            )
        code = re.sub(r"//[^\n]*|/\*.*?\*/", "", self.source, flags=re.DOTALL)
        if code.count("{") != code.count("}"):
            raise InputError("CompiledLaw: source has more braces of one kind than of the other.")
        if re.search(r"^\s*#", code, re.MULTILINE):
            raise InputError("CompiledLaw: source has a line that begins with #; leave it out.")
        if not isinstance(self.name, str) or not re.fullmatch(r"[\w .-]+", self.name):
            raise InputError(f"CompiledLaw: name = {self.name!r}; give letters and digits.")
        if not isinstance(self.parameters, Mapping):
            raise InputError("CompiledLaw: give parameters as a dictionary of names and numbers.")
        checked: dict[str, float] = {}
        for key, value in self.parameters.items():
            if not re.fullmatch(r"[A-Za-z](\w*[A-Za-z0-9])?", str(key)) or (
                key in RESERVED | KEYWORDS
            ):
                raise InputError(
                    f"CompiledLaw: a parameter is named {key!r}; give a name of letters and digits "
                    f"that is no word of C++, nor one of {', '.join(sorted(RESERVED))}."
                )
            if not isinstance(value, Real) or isinstance(value, bool) or not math.isfinite(value):
                raise InputError(f"CompiledLaw: {key} = {value!r} must be a finite number.")
            checked[key] = float(value)
        object.__setattr__(self, "parameters", checked)

    differentiable_state = False  # for training on histories, which goes back through the states

    @property
    def symmetric_tangent(self) -> bool:
        """As said."""
        return self.symmetric

    def initial_state(self, n: int) -> Tensor:
        """Virgin state ``[n, state_size]``: zero."""
        return torch.zeros(n, self.state_size, dtype=torch.float64)

    def kernel(self) -> Kernel:
        """The law for the core.

        Raises
        ------
        InputError
            If the law is not what it is said to be, or has no tangent to start with.
        CompilationError
            If the compiler refuses the source.
        """
        kernel = self._kernel()
        checked = kernel, self.is_isotropic
        if checked not in _checked:
            check_promises(
                self._respond,
                self.name,
                self.state_size,
                symmetric=self.symmetric,
                is_isotropic=self.is_isotropic,
            )
            _checked.add(checked)
        return kernel

    def _kernel(self) -> Kernel:
        names = list(self.parameters)
        identity = (self.source, names, self.state_size, self.symmetric, self.name)
        kind = f"Written_{hashlib.sha256(repr(identity).encode()).hexdigest()[:16]}"
        definition = TEMPLATE.format(
            type=kind,
            size=self.state_size,
            count=len(names),
            symmetric=str(self.symmetric).lower(),
            may_stay_elastic=str(bool(re.search(r"\belastic\b", self.source))).lower(),
            parameters="\n".join(
                f"        const double {name} = parameters_[{place}];"
                for place, name in enumerate(names)
            ),
            name=self.name,
            source=self.source,
        )
        headers = ("laws/written.hpp",)
        return Kernel(kind, headers, tuple(self.parameters.values()), definition)

    def integrate(self, strain: Tensor, state: Tensor, dt: float = 0.0) -> Update:
        """Update ``n`` points; see :class:`~dmn_fe.laws.MaterialLaw`.

        Raises
        ------
        CompilationError
            If the compiler refuses the source; it says where and why.
        """
        check_points(self, strain, state)
        check_time_step(self, dt)
        found = self._respond(strain, state, dt)
        finite = torch.isfinite(found.stress).all(-1) & torch.isfinite(found.state).all(-1)
        status = torch.where(found.failed, Status.MAX_ITERATIONS, Status.CONVERGED)
        status = torch.where(finite, status, Status.NOT_FINITE).to(torch.int8)
        return Update(found.stress, found.state, lambda: found.tangent, status)

    def _respond(self, strain: Tensor, state: Tensor, dt: float) -> PointsUpdate:
        try:
            return respond_at_points(self._kernel(), self.name, strain, state, dt)
        except CompilationError as error:
            raise CompilationError(explained(str(error), self.name, self.source)) from None

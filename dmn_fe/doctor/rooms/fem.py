"""A part in DOLFINx."""

# isort: off
from dmn_fe.fem.form_cache import form_cache  # before torch
from dmn_fe.fem.patch_test import patch_test

# isort: on
import numpy as np
from cffi import VerificationError

from dmn_fe import laws
from dmn_fe.doctor.finding import Finding, WrongAnswer
from dmn_fe.doctor.packages import install_line
from dmn_fe.doctor.rooms.answers import RESIN, expect

__all__ = ["check"]

_INTERRUPTED = "A process that compiled forms was ended"
_OTHER_FOLDER = "set XDG_CACHE_HOME to a folder that can be written."
_GRADIENT = np.array([[0.01, 0.002, 0.0], [0.0, -0.004, 0.003], [0.001, 0.0, 0.002]])


def check() -> Finding:
    """A patch test; DOLFINx compiles its forms in the first one."""
    folder = form_cache()
    before = len(list(folder.glob("*.so")))
    try:
        _patch_test()
    except TimeoutError as error:
        return Finding("failed", str(error), f"{_INTERRUPTED}: remove {folder}, which is a cache.")
    except OSError as error:
        return Finding(
            "failed", str(error), f"DOLFINx keeps its forms in {folder}: {_OTHER_FOLDER}"
        )
    except VerificationError as error:
        line = install_line("C++ compiler")
        return Finding("failed", str(error), "DOLFINx compiles forms with a C compiler.", line)
    compiled = len(list(folder.glob("*.so"))) - before
    words = f" (and {compiled} forms compiled, as on first use)" if compiled else ""
    return Finding("ok", f"patch test in DOLFINx, solved by PETSc{words}")


def _patch_test() -> None:
    """Displacements that are linear on the boundary of a cube are so inside."""
    law = laws.Elastic.isotropic(*RESIN)
    found = patch_test(law, _GRADIENT)
    if not found.report.converged:
        raise WrongAnswer(f"the patch test does not converge: {found.report.reason}")
    expect("the displacement of a patch test", found.displacement, found.nodes @ _GRADIENT.T, 1e-9)
    strain, root = 0.5 * (_GRADIENT + _GRADIENT.T), np.sqrt(2.0)
    mandel = [*np.diag(strain), *(root * strain[[1, 0, 0], [2, 2, 1]])]
    stress = np.tile(law.stiffness.numpy() @ mandel, (len(found.stress), 1))
    expect("the stress of a patch test", found.stress, stress, 1e-9)

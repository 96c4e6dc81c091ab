"""The small strain of a displacement as a Mandel vector in UFL."""

import math

import ufl

__all__ = ["mandel_strain"]


def mandel_strain(displacement):
    """Strain sym(∇u) as a UFL vector ``[11, 22, 33, 23, 13, 12]`` with √2 on the shears.

    Parameters
    ----------
    displacement : UFL expression of shape ``(3,)`` or ``(2,)``
        Function or argument; with two components the out-of-plane strains are zero (plane strain).
    """
    strain = ufl.sym(ufl.grad(displacement))
    shear = math.sqrt(2.0)
    if strain.ufl_shape == (2, 2):
        return ufl.as_vector([strain[0, 0], strain[1, 1], 0.0, 0.0, 0.0, shear * strain[0, 1]])
    return ufl.as_vector(
        [
            strain[0, 0],
            strain[1, 1],
            strain[2, 2],
            shear * strain[1, 2],
            shear * strain[0, 2],
            shear * strain[0, 1],
        ]
    )

"""The small strain of a displacement as a Mandel vector in UFL."""

import math

import ufl

__all__ = ["mandel_strain"]


def mandel_strain(displacement):
    """Strain sym(∇u) as a UFL vector ``[11, 22, 33, 23, 13, 12]`` with √2 on the shears.

    Parameters
    ----------
    displacement : UFL expression of shape ``(3,)`` or ``(2,)``
        Function or argument. In two dimensions nothing depends on x3; two components are plane
        strain, with a third one there is antiplane shear too.
    """
    gradient = ufl.grad(displacement)
    components, dimension = gradient.ufl_shape

    def entry(i: int, j: int):
        return gradient[i, j] if i < components and j < dimension else 0.0

    shear = math.sqrt(0.5)
    return ufl.as_vector(
        [entry(i, i) for i in range(3)]
        + [shear * (entry(i, j) + entry(j, i)) for i, j in ((1, 2), (0, 2), (0, 1))]
    )

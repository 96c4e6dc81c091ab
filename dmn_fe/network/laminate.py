"""The laminate: the one building block of every material network.

Two phases with stiffness C1, C2, fractions f1 + f2 = 1 and an interface normal n. The traction is
continuous over the interface and the strain jump is sym(a ⊗ n) = H a. For the affine laws
σ_i = C_i ε + s_i this gives (Mandel notation, ΔC = C1 − C2, Δs = s1 − s2)

    A = Hᵀ (f2 C1 + f1 C2) H        K = A⁻¹ Hᵀ ΔC        b = A⁻¹ Hᵀ Δs
    C = f1 C1 + f2 C2 − f1 f2 (Hᵀ ΔC)ᵀ K                 s = f1 s1 + f2 s2 − f1 f2 (Hᵀ ΔC)ᵀ b
    a = K ε + b        ε1 = ε − f2 H a        ε2 = ε + f1 H a

(Liu, Wu & Koishi, CMAME 345 (2019) 1138; Gajek, Schneider & Böhlke, JMPS 142 (2020) 103984.)

Everything here works on batches with the *component axes first*, ``[6, 6, node, point]``: each
component is then one long array, which is several times faster than batched 6×6 matrix products.
``normal`` and ``fraction`` are ``[3, node, 1]`` and ``[node, 1]``.
"""

import math

import torch
from torch import Tensor

__all__ = ["interface_traction", "jump_strain", "mix_stiffness", "mix_stress"]

_SQRT_HALF = math.sqrt(0.5)


def interface_traction(normal: Tensor, stress: Tensor) -> Tensor:
    """``Hᵀ σ``: contracts the first axis of ``[6, ..., node, point]`` to ``[3, ...]``."""
    n1, n2, n3 = normal
    s1, s2, s3 = normal * _SQRT_HALF
    return torch.stack(
        [
            _sum_of_products((n1, s3, s2), (stress[0], stress[4], stress[5])),
            _sum_of_products((n2, s3, s1), (stress[1], stress[3], stress[5])),
            _sum_of_products((n3, s2, s1), (stress[2], stress[3], stress[4])),
        ]
    )


def jump_strain(normal: Tensor, jump: Tensor) -> Tensor:
    """``H a``: strain ``[6, node, point]`` of the jump vectors ``[3, node, point]``."""
    n1, n2, n3 = normal
    s1, s2, s3 = normal * _SQRT_HALF
    a1, a2, a3 = jump
    shear = [s3 * a2 + s2 * a3, s3 * a1 + s1 * a3, s2 * a1 + s1 * a2]
    return torch.stack([n1 * a1, n2 * a2, n3 * a3, *shear])


def mix_stiffness(
    c1: Tensor, c2: Tensor, fraction: Tensor, normal: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Homogenise two stiffnesses ``[6, 6, node, point]``.

    Returns ``C`` ``[6, 6, node, point]`` and what the stress and the way down need: ``A⁻¹``
    ``[3, 3, node, point]``, ``M = Hᵀ ΔC`` and ``K = A⁻¹ M``, both ``[3, 6, node, point]``.
    """
    difference = c1 - c2
    m = interface_traction(normal, difference)
    # Hᵀ (f2 C1 + f1 C2) without the 6×6 sum, from C2 + f2 ΔC.
    mean_traction = torch.addcmul(interface_traction(normal, c2), 1.0 - fraction, m)
    inverse = _symmetric_inverse(interface_traction(normal, mean_traction.transpose(0, 1)))
    k = _contract(inverse, m)
    mean = torch.addcmul(c2, fraction, difference)
    stiffness = torch.addcmul(mean, fraction * (fraction - 1.0), _contract(m, k))
    return stiffness, inverse, m, k


def mix_stress(
    s1: Tensor, s2: Tensor, fraction: Tensor, normal: Tensor, inverse: Tensor, m: Tensor
) -> tuple[Tensor, Tensor]:
    """Homogenise the stresses at zero strain ``[6, node, point]``; returns ``s`` and ``b``."""
    difference = s1 - s2
    b = _contract(inverse, interface_traction(normal, difference))
    return s2 + fraction * difference - fraction * (1.0 - fraction) * _contract(m, b), b


def _symmetric_inverse(a: Tensor) -> Tensor:
    """Inverse ``[3, 3, node, point]`` of symmetric matrices, by cofactors."""
    a00, a11, a22, a12, a02, a01 = a[0, 0], a[1, 1], a[2, 2], a[1, 2], a[0, 2], a[0, 1]
    i00, i01, i02 = a11 * a22 - a12 * a12, a02 * a12 - a01 * a22, a01 * a12 - a02 * a11
    i11, i12, i22 = a00 * a22 - a02 * a02, a01 * a02 - a00 * a12, a00 * a11 - a01 * a01
    determinant = a00 * i00 + a01 * i01 + a02 * i02
    rows = [i00, i01, i02, i01, i11, i12, i02, i12, i22]
    return (torch.stack(rows) / determinant).unflatten(0, (3, 3))


def _contract(left: Tensor, right: Tensor) -> Tensor:
    """``leftᵀ right`` over the first axis, which has length three, for every node and point."""
    if right.ndim == left.ndim:
        left, right = left[:, :, None], right[:, None]
    return _sum_of_products(left, right)


def _sum_of_products(left, right) -> Tensor:
    """``Σ left[i] right[i]`` over three items, with as few passes over memory as possible."""
    total = left[0] * right[0]
    return torch.addcmul(torch.addcmul(total, left[1], right[1]), left[2], right[2])

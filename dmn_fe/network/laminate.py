"""The laminate: the one building block of every material network.

Two phases with stiffness C1, C2, fractions f1 + f2 = 1 and an interface normal n. The traction is
continuous over the interface and the strain jump is sym(a ⊗ n) = H a. For the affine laws
σ_i = C_i ε + s_i this gives (Mandel notation, ΔC = C1 − C2, Δs = s1 − s2)

    A = Hᵀ (f2 C1 + f1 C2) H        K = A⁻¹ Hᵀ ΔC        b = A⁻¹ Hᵀ Δs
    C = f1 C1 + f2 C2 − f1 f2 (Hᵀ ΔC)ᵀ K                 s = f1 s1 + f2 s2 − f1 f2 (Hᵀ ΔC)ᵀ b
    a = K ε + b        ε1 = ε − f2 H a        ε2 = ε + f1 H a

(Liu, Wu & Koishi, CMAME 345 (2019) 1138; Gajek, Schneider & Böhlke, JMPS 142 (2020) 103984.)

Everything here works on batches with the *component axes first*, ``[6, 6, node, ...]``: each
component is then one long array, which is several times faster than batched 6×6 matrix products.
``normal`` and ``fraction`` are ``[3, node, ...]`` and ``[node, ...]``; what follows the node are
batch axes that broadcast: points, or networks and samples.

In the plane (plane strain) the components are 11, 22, 12 alone, and 3 and 6 above become 2 and 3:
the number of components of ``normal`` decides.
"""

import math

import torch
from torch import Tensor

__all__ = ["interface_traction", "jump_strain", "mix_stiffness", "mix_stress"]

_SQRT_HALF = math.sqrt(0.5)


def interface_traction(normal: Tensor, stress: Tensor) -> Tensor:
    """``Hᵀ σ``: contracts the first axis of ``[6, ..., node, ...]`` to ``[3, ...]``."""
    if len(normal) == 2:
        n1, n2 = normal
        s1, s2 = normal * _SQRT_HALF
        rows = [
            torch.addcmul(n1 * stress[0], s2, stress[2]),
            torch.addcmul(n2 * stress[1], s1, stress[2]),
        ]
        return torch.stack(rows)
    n1, n2, n3 = normal
    s1, s2, s3 = normal * _SQRT_HALF
    return torch.stack(
        [
            sum_of_products((n1, s3, s2), (stress[0], stress[4], stress[5])),
            sum_of_products((n2, s3, s1), (stress[1], stress[3], stress[5])),
            sum_of_products((n3, s2, s1), (stress[2], stress[3], stress[4])),
        ]
    )


def jump_strain(normal: Tensor, jump: Tensor) -> Tensor:
    """``H a``: strains ``[6, ..., node, ...]`` of jump vectors ``[3, ..., node, ...]``."""
    if len(normal) == 2:
        n1, n2 = normal
        s1, s2 = normal * _SQRT_HALF
        a1, a2 = jump
        return torch.stack([n1 * a1, n2 * a2, torch.addcmul(s2 * a1, s1, a2)])
    n1, n2, n3 = normal
    s1, s2, s3 = normal * _SQRT_HALF
    a1, a2, a3 = jump
    shear = [
        torch.addcmul(s3 * a2, s2, a3),
        torch.addcmul(s3 * a1, s1, a3),
        torch.addcmul(s2 * a1, s1, a2),
    ]
    return torch.stack([n1 * a1, n2 * a2, n3 * a3, *shear])


def mix_stiffness(
    c1: Tensor, c2: Tensor, fraction: Tensor, normal: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Homogenise two stiffnesses ``[6, 6, node, ...]``.

    Returns ``C`` ``[6, 6, node, ...]`` and what the stress and the way down need: ``A⁻¹``
    ``[3, 3, node, ...]``, ``M = Hᵀ ΔC`` and ``K = A⁻¹ M``, both ``[3, 6, node, ...]``. Where A is
    zero, since both phases are void, so is ``A⁻¹``.
    """
    difference = c1 - c2
    m = interface_traction(normal, difference)
    # Hᵀ (f2 C1 + f1 C2) without the 6×6 sum, from C2 + f2 ΔC.
    mean_traction = torch.addcmul(interface_traction(normal, c2), 1.0 - fraction, m)
    inverse = _symmetric_inverse(interface_traction(normal, mean_traction.transpose(0, 1)))
    k = contract(inverse, m)
    mean = torch.addcmul(c2, fraction, difference)
    stiffness = torch.addcmul(mean, fraction * (fraction - 1.0), contract(m, k))
    return stiffness, inverse, m, k


def mix_stress(
    s1: Tensor, s2: Tensor, fraction: Tensor, normal: Tensor, inverse: Tensor, m: Tensor
) -> tuple[Tensor, Tensor]:
    """Homogenise the stresses at zero strain ``[6, node, ...]``; returns ``s`` and ``b``."""
    difference = s1 - s2
    b = contract(inverse, interface_traction(normal, difference))
    return s2 + fraction * difference - fraction * (1.0 - fraction) * contract(m, b), b


def _symmetric_inverse(a: Tensor) -> Tensor:
    """Inverse of symmetric matrices ``[3, 3, node, ...]`` by cofactors; zero of a zero matrix."""
    if len(a) == 2:
        rows = [a[1, 1], -a[0, 1], -a[0, 1], a[0, 0]]
        determinant = a[0, 0] * a[1, 1] - a[0, 1] * a[0, 1]
    else:
        a00, a11, a22, a12, a02, a01 = a[0, 0], a[1, 1], a[2, 2], a[1, 2], a[0, 2], a[0, 1]
        i00, i01, i02 = a11 * a22 - a12 * a12, a02 * a12 - a01 * a22, a01 * a12 - a02 * a11
        i11, i12, i22 = a00 * a22 - a02 * a02, a01 * a02 - a00 * a12, a00 * a11 - a01 * a01
        determinant = a00 * i00 + a01 * i01 + a02 * i02
        rows = [i00, i01, i02, i01, i11, i12, i02, i12, i22]
    determinant = torch.where(determinant == 0.0, 1.0, determinant)
    return (torch.stack(rows) / determinant).unflatten(0, (len(a), len(a)))


def contract(left: Tensor, right: Tensor) -> Tensor:
    """``leftᵀ right`` over the first axis for every node: ``[i, j, ...]``, ``[i, k, ...]`` or
    ``[i, ...]`` give ``[j, k, ...]`` or ``[j, ...]``."""
    if right.ndim == left.ndim:
        left, right = left[:, :, None], right[:, None]
    return sum_of_products(left, right)


def sum_of_products(left, right) -> Tensor:
    """``Σ left[i] right[i]`` with as few passes over memory as possible."""
    total = left[0] * right[0]
    for i in range(1, len(left)):
        total = torch.addcmul(total, left[i], right[i])
    return total

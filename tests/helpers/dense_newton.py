"""An independent solver of the online problem: one dense Newton system for all strain jumps.

Unknowns are the jump vectors of all laminates of one point. A leaf's strain is ``ε + B a``, where
``B`` collects ∓(fraction of the sibling) H(n) over the leaf's ancestors; equilibrium is
``Σ w Bᵀ σ = 0``. Slow and plain on purpose.
"""

import torch

from dmn_fe import mandel


class DenseNewton:
    def __init__(self, network, laws):
        leaves = network.weights.shape[0]
        self.w = network.weights / network.weights.sum()
        self.laws = [laws[network.phase_names[p]] for p in network.leaf_phase]
        self.b = torch.zeros(leaves, 6, 3 * (leaves - 1), dtype=torch.float64)
        node = 0
        for level in range(network.depth):
            width = leaves // 2**level
            for first in range(0, leaves, width):
                middle, last = first + width // 2, first + width
                left, right = self.w[first:middle].sum(), self.w[middle:last].sum()
                h = mandel.interface_matrix(network.normals[node])
                columns = slice(3 * node, 3 * node + 3)
                self.b[first:middle, :, columns] = -right / (left + right) * h
                self.b[middle:last, :, columns] = left / (left + right) * h
                node += 1

    def initial_state(self):
        return [law.initial_state(1) for law in self.laws]

    def integrate(self, strain, states, jumps):
        """Stress, tangent, new states and jumps for one strain ``[6]``; starts from ``jumps``."""
        for _ in range(60):
            leaf_strain = strain + self.b @ jumps
            updates = [
                law.integrate(e[None], s)
                for law, e, s in zip(self.laws, leaf_strain, states, strict=True)
            ]
            stress = torch.cat([u.stress for u in updates])
            tangent = torch.cat([u.tangent for u in updates])
            residual = torch.einsum("l,lia,li->a", self.w, self.b, stress)
            jacobian = torch.einsum("l,lia,lij,ljb->ab", self.w, self.b, tangent, self.b)
            if residual.abs().max() <= 1e-12 * stress.abs().max():
                break
            jumps = jumps - torch.linalg.solve(jacobian, residual)
        else:
            raise AssertionError("the dense Newton solver did not converge")
        mean = torch.einsum("l,lij->ij", self.w, tangent)
        mixed = torch.einsum("l,lij,ljb->ib", self.w, tangent, self.b)
        macro = mean - mixed @ torch.linalg.solve(jacobian, mixed.mT)
        return self.w @ stress, macro, [u.state for u in updates], jumps

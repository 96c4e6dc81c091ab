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
        # Leaves below every node, found from the rule that laminate i has the children 2i+1, 2i+2.
        is_leaf = network.is_leaf.tolist()
        number = [
            sum(is_leaf[:n]) if leaf else n - sum(is_leaf[:n]) for n, leaf in enumerate(is_leaf)
        ]
        below: dict[int, list[int]] = {}
        for node in reversed(range(len(is_leaf))):
            if is_leaf[node]:
                below[node] = [number[node]]
                continue
            laminate = number[node]
            first, second = below[2 * laminate + 1], below[2 * laminate + 2]
            left, right = self.w[first].sum(), self.w[second].sum()
            h = mandel.interface_matrix(network.normals[laminate])
            columns = slice(3 * laminate, 3 * laminate + 3)
            self.b[first, :, columns] = -right / (left + right) * h
            self.b[second, :, columns] = left / (left + right) * h
            below[node] = first + second

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

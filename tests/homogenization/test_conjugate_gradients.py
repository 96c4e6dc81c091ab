import torch

from dmn_fe.homogenization.conjugate_gradients import conjugate_gradients


def test_error_bound_holds_without_a_preconditioner_and_members_stop_on_their_own():
    """A dense system of 60 unknowns with known spectrum, one easy and one hard right-hand side."""
    generator = torch.Generator().manual_seed(0)
    basis = torch.linalg.qr(torch.randn(60, 60, generator=generator, dtype=torch.float64)).Q
    spectrum = torch.logspace(-3, 0, 60, dtype=torch.float64)
    matrix = basis * spectrum @ basis.mT
    coefficients = torch.ones(2, 60, dtype=torch.float64)
    coefficients[0, 3:] = 0.0  # only three modes: three iterations
    load = (coefficients * spectrum.sqrt()) @ basis.mT
    exact = torch.linalg.solve(matrix, load.mT).mT
    start = torch.tensor([10.0, 100.0], dtype=torch.float64)  # energy of u = 0
    least = start - (load * exact).sum(1)
    for tolerance in (1e-1, 1e-4, 1e-8):
        solution, iterations = conjugate_gradients(
            operator=lambda u: (u.flatten(1) @ matrix).view_as(u),
            inverse=torch.eye(3, dtype=torch.float64)[:, :, None].repeat(1, 1, 20),
            load=load.view(2, 3, 20),
            energy=start,
            lower=0.99e-3,
            tolerance=tolerance,
            max_iterations=1000,
        )
        u = solution.flatten(1)
        energy = start + ((u @ matrix - 2 * load) * u).sum(1)
        error = (energy - least) / energy
        assert (error <= tolerance).all()
        assert (error >= -1e-14).all()
        assert iterations[0] <= 4 < iterations[1]

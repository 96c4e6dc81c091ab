import numpy as np

from dmn_fe.microstructure.rotations import axes_along, random_rotations


def test_random_rotations_are_uniform():
    """Moments of the uniform distribution: the mean of Q is 0, of tr Q 0, of tr² Q 1."""
    rotations = random_rotations(20_000, np.random.default_rng(0))
    np.testing.assert_allclose(
        rotations @ rotations.mT, np.broadcast_to(np.eye(3), (20_000, 3, 3)), atol=1e-12
    )
    np.testing.assert_allclose(np.linalg.det(rotations), 1.0)
    assert np.abs(rotations.mean(axis=0)).max() < 0.02
    np.testing.assert_allclose((rotations**2).mean(axis=0), 1.0 / 3.0, atol=0.01)
    trace = np.trace(rotations, axis1=1, axis2=2)
    assert abs(trace.mean()) < 0.03
    assert abs((trace**2).mean() - 1.0) < 0.03


def test_first_axis_is_the_direction():
    directions = np.random.default_rng(1).normal(size=(50, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    directions[:2] = [0.0, 0.0, 1.0], [0.0, 0.0, -1.0]
    axes = axes_along(directions)
    np.testing.assert_allclose(axes[:, :, 0], directions)
    np.testing.assert_allclose(np.linalg.det(axes), 1.0)
    np.testing.assert_allclose(axes @ axes.mT, np.broadcast_to(np.eye(3), axes.shape), atol=1e-12)
    np.testing.assert_allclose(axes[2:, 2, 1], 0.0, atol=1e-15)  # second axis in the 12-plane
    np.testing.assert_allclose(axes_along(np.eye(3)[:1])[0], np.eye(3), atol=1e-15)

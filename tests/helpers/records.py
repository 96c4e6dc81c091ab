"""Small records of runs."""

import numpy as np

from dmn_fe.validation.record import RunRecord

TIMES = np.array([0.0, 0.5, 1.0])


def record(**changes) -> RunRecord:
    """Two points of the volumes 1 and 3 under a stress 11 of 10 and 20, twice that at the end."""
    growth = np.array([0.0, 1.0, 2.0])
    stress = np.zeros((3, 2, 6))
    stress[:, :, 0] = growth[:, None] * np.array([10.0, 20.0])
    displacement = np.zeros((3, 3, 3))
    displacement[:, 1, 0] = growth
    force = np.zeros((3, 2, 2))
    force[:, 0, 0], force[:, 1, 0] = growth, -growth
    values = {
        "times": TIMES,
        "iterations": np.array([0, 2, 3]),
        "surfaces": ("left", "right"),
        "reactions": force,
        "motions": np.zeros((3, 2, 2)),
        "nodes": np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
        "cells": np.array([[0, 1, 2]]),
        "displacement": displacement,
        "points": np.array([[0.2, 0.2, 0.0], [0.6, 0.2, 0.0]]),
        "volumes": np.array([1.0, 3.0]),
        "strain": stress / 1000.0,
        "stress": stress,
        "spread": np.zeros((3, 2)),
        "phases": ("part matrix",),
        "phase_stress": stress[:, :1].copy(),
        "facts": {"finished": True, "seconds": 1.0},
    }
    return RunRecord(**values | changes)

"""What is in files of fields, and in tables."""

import csv
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import h5py
import numpy as np

from dmn_fe import read_series

__all__ = ["series_arrays", "table_columns", "vtx_arrays", "xdmf_steps"]


def series_arrays(path: Path) -> dict[str, np.ndarray]:
    """Times, geometry and fields of a VTKHDF file by name."""
    series = read_series(path)
    found = {"times": series.times, "points": series.points} | series.point_data | series.cell_data
    return found if series.cells is None else found | {"cells": series.cells}


def table_columns(path: Path) -> dict[str, np.ndarray]:
    """Numbers of a table by their column."""
    with open(path, newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return dict(zip(header, np.array(rows, dtype=float).T, strict=True))


def xdmf_steps(path: Path) -> tuple[np.ndarray, dict[float, dict[str, np.ndarray]]]:
    """Nodes ``[n, 3]`` of the mesh of an XDMF file of DOLFINx, and its fields by time and name."""
    root = ElementTree.parse(path).getroot()

    def data(item: ElementTree.Element) -> np.ndarray:
        file, _, name = item.text.partition(":")
        with h5py.File(path.with_name(file)) as hdf5:
            values = hdf5[name][()]
        assert values.shape == tuple(int(n) for n in item.get("Dimensions").split())
        return values

    steps: dict[float, dict[str, np.ndarray]] = {}
    for grid in root.iter("Grid"):
        time = grid.find("Time")
        for field in grid.findall("Attribute"):
            values = data(field.find("DataItem"))
            steps.setdefault(float(time.get("Value")), {})[field.get("Name")] = values
    return data(root.find("Domain/Grid/Geometry/DataItem")), steps


def vtx_arrays(path: Path, t: float) -> tuple[np.ndarray, dict[str, np.ndarray]] | None:
    """Points and fields by name of a VTX file at a time; None if VTK cannot read the format."""
    try:
        from vtkmodules.vtkIOADIOS2 import vtkADIOS2VTXReader
        from vtkmodules.vtkParallelCore import vtkMultiProcessController
        from vtkmodules.vtkParallelMPI import vtkMPIController
    except ImportError:
        return None
    import pyvista

    if vtkMultiProcessController.GetGlobalController() is None:
        controller = vtkMPIController()  # without one the reader crashes
        controller.Initialize()
        vtkMultiProcessController.SetGlobalController(controller)
    reader = vtkADIOS2VTXReader()
    reader.SetFileName(str(path))
    reader.UpdateInformation()
    reader.UpdateTimeStep(t)
    grid = pyvista.wrap(_leaf(reader.GetOutputDataObject(0)))
    return grid.points, dict(grid.point_data) | dict(grid.cell_data)


def _leaf(block):
    """The one data set in nested ones."""
    iterator = block.NewIterator()
    iterator.InitTraversal()
    return iterator.GetCurrentDataObject()

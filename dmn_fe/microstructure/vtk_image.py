"""Image data in the XML format of VTK (``.vti``), read and written without VTK.

VTK's own reader ends the process on some damaged files, prints instead of raising on others, and
is a large library to need for three numbers and some arrays.
"""

import base64
import itertools
import lzma
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np

from dmn_fe.errors import InputError
from dmn_fe.files import written_whole

__all__ = ["VtkImage", "read_image", "write_image"]

_TYPES = {
    **{f"Int{8 * n}": f"i{n}" for n in (1, 2, 4, 8)},
    **{f"UInt{8 * n}": f"u{n}" for n in (1, 2, 4, 8)},
    **{f"Float{8 * n}": f"f{n}" for n in (4, 8)},
}
_DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "vtkZLibDataCompressor": zlib.decompress,
    "vtkLZMADataCompressor": lzma.decompress,
}
# What damaged contents raise.
_DAMAGE = (
    *(ET.ParseError, zlib.error, lzma.LZMAError, MemoryError, EOFError),
    *(ValueError, KeyError, IndexError, TypeError, OverflowError),
)


@dataclass
class VtkImage:
    """A regular grid with arrays, ``[n]`` or ``[n, components]``, x running fastest.

    Parameters
    ----------
    points : tuple of three int
        Points along each axis, one more than cells; one point along an axis without extent.
    spacing : tuple of three float
    turned : bool
        Whether the axes of the grid are not those of space.
    cell_data, point_data : dict of str to array
    field_data : dict of str to array, or to list of str
    """

    points: tuple[int, ...]
    spacing: tuple[float, ...]
    turned: bool = False
    cell_data: dict[str, np.ndarray] = field(default_factory=dict)
    point_data: dict[str, np.ndarray] = field(default_factory=dict)
    field_data: dict[str, Any] = field(default_factory=dict)


def read_image(path: Path) -> VtkImage:
    """Read a ``.vti`` file: text, base64 or raw data, plain or compressed by zlib or LZMA.

    Raises
    ------
    InputError
        If the file is damaged, of another kind, or compressed by LZ4.
    """
    try:
        return _parse(path.read_bytes(), path)
    except InputError:
        raise
    except _DAMAGE as error:
        raise InputError(f"{path} is damaged or no image data of VTK: write it again") from error


def _parse(content: bytes, path: Path) -> VtkImage:
    # Raw appended data are not XML, so they are cut out first.
    xml, mark, appended = content.partition(b"<AppendedData")
    root = ET.fromstring(xml + b"</VTKFile>" if mark else xml)
    attributes, _, data = appended.partition(b">")
    if mark and not data.rstrip().endswith(b"</VTKFile>"):
        raise ValueError("the file ends early")
    # The data begin behind an underscore.
    stream = data[data.index(b"_") + 1 : data.rindex(b"</AppendedData>")] if mark else b""
    compressor = root.get("compressor", "")
    if compressor and compressor not in _DECOMPRESS:
        raise InputError(f"{path} is compressed by {compressor}: save it with zlib, or plain")
    decoder = _Decoder(
        order="<" if root.get("byte_order", "LittleEndian") == "LittleEndian" else ">",
        header={"UInt32": "u4", "UInt64": "u8"}[root.get("header_type", "UInt32")],
        compressor=compressor,
        appended=stream,
        raw=b'"raw"' in attributes,
    )
    image = root.find("ImageData")
    if root.get("type") != "ImageData" or image is None:
        raise ValueError("no image data")
    pieces = image.findall("Piece")
    if len(pieces) != 1:
        raise InputError(f"{path} has {len(pieces)} pieces: save it as one")
    extent = [int(word) for word in pieces[0].attrib["Extent"].split()]
    points = tuple(extent[2 * i + 1] - extent[2 * i] + 1 for i in range(3))
    spacing = tuple(float(word) for word in image.attrib["Spacing"].split())
    direction = [float(word) for word in image.get("Direction", "1 0 0 0 1 0 0 0 1").split()]
    if len(spacing) != 3 or min(points) < 1 or not min(spacing) > 0.0:
        raise ValueError("no grid")
    cells = int(np.prod([max(n - 1, 1) for n in points]))
    return VtkImage(
        points,
        spacing,
        not np.allclose(np.reshape(direction, (3, 3)), np.eye(3)),
        _arrays(pieces[0].find("CellData"), decoder, cells),
        _arrays(pieces[0].find("PointData"), decoder, int(np.prod(points))),
        _arrays(image.find("FieldData"), decoder, None),
    )


def _arrays(parent: ET.Element | None, decoder: "_Decoder", length: int | None) -> dict[str, Any]:
    arrays: dict[str, Any] = {}
    for element in () if parent is None else parent:
        if element.get("type") == "String":
            arrays[element.get("Name", "")] = decoder.strings(element)
            continue
        values = decoder.numbers(element)
        components = int(element.get("NumberOfComponents", 1))
        if length is not None and len(values) != length * components:
            raise ValueError("an array does not fit the grid")
        arrays[element.get("Name", "")] = (
            values if components == 1 else values.reshape(-1, components)
        )
    return arrays


@dataclass
class _Decoder:
    """How the numbers of one file are stored."""

    order: str
    header: str
    compressor: str
    appended: bytes
    raw: bool

    def numbers(self, element: ET.Element) -> np.ndarray:
        dtype = np.dtype(self.order + _TYPES[element.attrib["type"]])
        if element.get("format", "ascii") == "ascii":
            return np.array((element.text or "").split()).astype(dtype.newbyteorder("="))
        values = np.frombuffer(self._bytes(element), dtype)
        return values.astype(dtype.newbyteorder("="))

    def strings(self, element: ET.Element) -> list[str]:
        """Each string ends with a zero; as text, its bytes are numbers."""
        if element.get("format", "ascii") == "ascii":
            data = bytes(int(word) for word in (element.text or "").split())
        else:
            data = self._bytes(element)
        return [text.decode() for text in data.split(b"\0")[:-1]]

    def _bytes(self, element: ET.Element) -> bytes:
        """The data behind a header: their size, or the sizes of their compressed blocks."""
        if element.get("format") == "appended":
            stream, encoded = self.appended[int(element.attrib["offset"]) :], not self.raw
        else:
            stream, encoded = "".join((element.text or "").split()).encode(), True
        header = np.dtype(self.order + self.header)
        first = int(np.frombuffer(_take(stream, header.itemsize, encoded)[0], header)[0])
        if not self.compressor:
            data, _ = _take(stream, header.itemsize + first, encoded)
            return data[header.itemsize :]
        # Number of blocks, size of a block, size of the last one unless it is full, then the
        # compressed sizes.
        sizes, rest = _take(stream, header.itemsize * (3 + first), encoded)
        compressed = [int(size) for size in np.frombuffer(sizes, header)[3:]]
        data, _ = _take(rest, sum(compressed), encoded)
        decompress = _DECOMPRESS[self.compressor]
        ends = [0, *itertools.accumulate(compressed)]
        return b"".join(decompress(data[i:j]) for i, j in itertools.pairwise(ends))


def _take(stream: bytes, count: int, encoded: bool) -> tuple[bytes, bytes]:
    """The first ``count`` bytes of a stream, plain or in base64, and what follows them."""
    length = 4 * -(-count // 3) if encoded else count
    if length > len(stream):
        raise ValueError("the data end early")
    part = stream[:length]
    data = base64.b64decode(part, validate=True)[:count] if encoded else part
    if len(data) != count:
        raise ValueError("the data end early")
    return data, stream[length:]


def write_image(image: VtkImage, path: Path) -> None:
    """Write a ``.vti`` file, in base64 and compressed by zlib; it appears whole or not at all."""
    spacing = " ".join(repr(float(h)) for h in image.spacing)
    extent = " ".join(f"0 {n - 1}" for n in image.points)
    with written_whole(path) as partial, open(partial, "w", encoding="ascii") as file:
        file.write(
            '<?xml version="1.0"?>\n<VTKFile type="ImageData" version="1.0" '
            'byte_order="LittleEndian" header_type="UInt64" compressor="vtkZLibDataCompressor">\n'
            f'<ImageData WholeExtent="{extent}" Origin="0 0 0" Spacing="{spacing}">\n<FieldData>\n'
        )
        for name, values in image.field_data.items():
            file.write(_strings(name, values) if isinstance(values, list) else _array(name, values))
        file.write(f'</FieldData>\n<Piece Extent="{extent}">\n')
        for kind, arrays in (("PointData", image.point_data), ("CellData", image.cell_data)):
            scalars = f" Scalars={quoteattr(next(iter(arrays)))}" if arrays else ""
            file.write(f"<{kind}{scalars}>\n")
            file.writelines(_array(name, values) for name, values in arrays.items())
            file.write(f"</{kind}>\n")
        file.write("</Piece>\n</ImageData>\n</VTKFile>\n")


def _array(name: str, values: np.ndarray) -> str:
    dtype = values.dtype.newbyteorder("<")
    (kind,) = (kind for kind, code in _TYPES.items() if np.dtype(code) == values.dtype)
    data = np.ascontiguousarray(values, dtype).tobytes()
    packed = zlib.compress(data)
    # One block, and no smaller last one.
    header = np.array([1, len(data), 0, len(packed)], dtype="<u8").tobytes()
    text = base64.b64encode(header) + base64.b64encode(packed)
    components = 1 if values.ndim == 1 else values.shape[1]
    return (
        f'<DataArray type="{kind}" Name={_name(name)} NumberOfComponents="{components}" '
        f'NumberOfTuples="{len(values)}" format="binary">\n{text.decode()}\n</DataArray>\n'
    )


def _strings(name: str, values: list[str]) -> str:
    codes = " ".join(str(code) for text in values for code in (*text.encode(), 0))
    return (
        f'<Array type="String" Name={_name(name)} NumberOfTuples="{len(values)}" '
        f'format="ascii">\n{codes}\n</Array>\n'
    )


def _name(name: str) -> str:
    """A quoted attribute in ASCII."""
    return quoteattr(name).encode("ascii", "xmlcharrefreplace").decode()

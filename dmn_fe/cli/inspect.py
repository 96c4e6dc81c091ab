"""``dmn-fe inspect``: what is in a network file."""

from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["inspect"]


def inspect(
    file: Annotated[Path, typer.Argument(help="Network file (.dmn).", show_default=False)],
) -> None:
    """Print what a network file holds."""
    from dmn_fe import network

    loaded = network.load(file)
    members = loaded.networks if isinstance(loaded, network.Ensemble) else (loaded,)
    print(file)
    if isinstance(loaded, network.Ensemble) and loaded.error is not None:
        print(f"{len(members)} networks, the error of whose mean is {loaded.error:.2%}")
    for number, member in enumerate(members, start=1):
        if len(members) > 1:
            print(f"network {number} of {len(members)}")
        _print(member)


def _print(loaded) -> None:
    fractions = loaded.volume_fractions.tolist()
    rows: list[tuple[str, Any]] = [
        ("kind", loaded.kind),
        ("dimension", loaded.dimension),
        (
            "depth",
            f"{loaded.depth} ({len(loaded.weights)} leaves, {loaded.active_leaves} of more than a "
            "thousandth of the mean weight)",
        ),
        *(
            (f"phase {name!r}", f"volume fraction {fraction:.4f}")
            for name, fraction in zip(loaded.phase_names, fractions, strict=True)
        ),
        *_flat(loaded.metadata),
    ]
    width = max(len(key) for key, _ in rows)
    for key, value in rows:
        print(f"  {key:<{width}}  {_shown(value)}")


def _flat(entries: dict, prefix: str = "") -> list[tuple[str, Any]]:
    """Nested metadata as rows with dotted keys."""
    rows: list[tuple[str, Any]] = []
    for key, value in entries.items():
        if isinstance(value, dict):
            rows += _flat(value, f"{prefix}{key}.")
        else:
            rows.append((prefix + key, value))
    return rows


def _shown(value: Any) -> str:
    if value is None:
        return "not determined"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(_shown(item) for item in value)
    return str(value)

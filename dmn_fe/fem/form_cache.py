"""Where DOLFINx keeps the forms that it has compiled."""

from pathlib import Path

from dolfinx import jit

__all__ = ["form_cache"]


def form_cache() -> Path:
    """The folder of the forms compiled so far, and from now on."""
    return Path(jit.get_options()["cache_dir"])

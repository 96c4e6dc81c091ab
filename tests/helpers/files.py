"""Files as they fail."""

import contextlib
import resource

__all__ = ["largest_file"]


@contextlib.contextmanager
def largest_file(size: int):
    """No file of this process grows beyond ``size`` bytes, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

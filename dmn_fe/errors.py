"""The one exception for input that a user can mend."""

from pathlib import Path

__all__ = ["InputError", "file_sentence"]


class InputError(ValueError):
    """Wrong input: one sentence that names the file, key or value, and how to mend it.

    The command line prints the sentence and ends with exit status 2.
    """


def file_sentence(name: str | Path, error: OSError) -> str:
    """The sentence for a file that could not be read or written."""
    return (
        f"{name}: {error.strerror or error}; check the file, its folder and the space on the disk."
    )

"""The one exception for input that a user can mend."""

__all__ = ["InputError", "file_sentence"]


class InputError(ValueError):
    """Wrong input: one sentence that names the file, key or value, and how to mend it.

    The command line prints the sentence and ends with exit status 2; nothing was written.
    """


def file_sentence(error: OSError) -> str | None:
    """The sentence for a file that could not be read or written; None where there is no file."""
    if error.filename is None:
        return None
    what = f"{error.filename}: {error.strerror}"
    return f"{what}; check the file, its folder and the space on the disk."

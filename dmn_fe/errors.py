"""The one exception for input that a user can mend."""

__all__ = ["InputError"]


class InputError(ValueError):
    """Wrong input: one sentence that names the file, key or value, and how to mend it.

    The command line prints the sentence and ends with exit status 2; nothing was written.
    """

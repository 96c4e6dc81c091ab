"""What is wrong with a run file, as one sentence with the key and the fix."""

import difflib
from typing import Any

from pydantic import ValidationError

__all__ = ["sentence"]


def sentence(error: ValidationError, content: dict, known_keys: list[str]) -> str:
    """The most telling problem of a validation.

    An unknown key comes first: misspelt, it also makes another key missing.

    Parameters
    ----------
    error : ValidationError
    content : dict
        The file as it was read.
    known_keys : list of str
        Keys that a misspelt one can be meant to be.
    """
    problems: list[Any] = sorted(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    first = problems[0]
    key = _key(first, content)
    kind, context = first["type"], first.get("ctx", {})
    if kind == "extra_forbidden":
        return f"the key '{key}' is unknown; {_spelling(first, problems, known_keys)}"
    if kind == "missing":
        return f"the key '{key}' is missing; add it."
    if kind == "union_tag_not_found":
        return f"the key '{key}.{_discriminator(first)}' is missing; add it."
    if kind == "union_tag_invalid":
        # Without the choice that no file can name.
        tags = context["expected_tags"].replace("'a network', ", "")
        return (
            f"the key '{key}.{_discriminator(first)}' = {context['tag']!r} is unknown; "
            f"give one of {tags}."
        )
    value = "" if isinstance(first["input"], (dict, list)) else f" = {first['input']!r}"
    message = first["msg"].removeprefix("Value error, ").replace("Input should be", "it must be")
    message = message.replace("List should", "it must").replace(" after validation", "")
    return f"the key '{key}'{value}: {message}; mend the value." if key else f"{message}."


def _discriminator(problem: Any) -> str:
    """The key whose value chooses among tables."""
    name = problem["ctx"]["discriminator"].strip("'")
    return name if name.isidentifier() and not name.startswith("_") else "law"


def _spelling(unknown: Any, problems: list[Any], known_keys: list[str]) -> str:
    """A guess at what was meant: a key that is missing beside it, or else a similar one."""
    table, name = unknown["loc"][:-1], str(unknown["loc"][-1])
    missing = [
        str(p["loc"][-1]) for p in problems if p["type"] == "missing" and p["loc"][:-1] == table
    ]
    close = missing[:1] if len(missing) == 1 else difflib.get_close_matches(name, known_keys, n=1)
    return f"did you mean '{close[0]}'?" if close else "remove it or mend its spelling."


def _key(problem: Any, content: Any) -> str:
    """Dotted key of a problem: of its location what the file really has.

    pydantic puts the choice of a law or a hardening among the keys; the file has no such key.
    """
    location, parts = problem["loc"], []
    for part in location:
        if (isinstance(content, dict) and part in content) or (
            isinstance(content, list) and isinstance(part, int) and part < len(content)
        ):
            content = content[part]
        elif not (problem["type"] == "missing" and part == location[-1]):
            continue
        parts.append(str(part))
    return ".".join(parts)

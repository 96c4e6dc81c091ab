"""What is wrong with a run file, as one sentence with the key and the fix."""

import difflib
from typing import Any

from pydantic import ValidationError

__all__ = ["sentence"]

_WORDS = {
    "Value error, ": "",
    "Input should be": "it must be",
    "List should": "it must",
    " after validation": "",
}
_MESSAGES = {
    "model_type": "it must be a table",
    "dict_type": "it must be a table",
    "list_type": "it must be a list, of tables in two brackets each ([[…]])",
    "int_parsing": "it must be a whole number",
    "float_parsing": "it must be a number",
}


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
    kind, context = first["type"], first.get("ctx", {})
    keys, value = _place(first["loc"], content)
    if kind == "missing":
        keys.append(_shown(first["loc"][-1]))
    elif kind.startswith("union_tag"):
        keys.append(context["discriminator"].strip("'"))
    key = ".".join(keys).replace(".[", "[")
    if kind == "extra_forbidden":
        table = _place(first["loc"][:-1], content)[1]
        guess = _guess(first["loc"], problems, [k for k in known_keys if k not in table])
        mend = f"did you mean '{guess}'?" if guess else "remove it or mend its spelling."
        return f"the key '{key}' is unknown; {mend}"
    if kind in ("missing", "union_tag_not_found"):
        return f"the key '{key}' is missing; add it."
    if kind == "union_tag_invalid":
        expected = context["expected_tags"]
        return f"the key '{key}' = {context['tag']!r} is unknown; give one of {expected}."
    message = _MESSAGES.get(kind, first["msg"])
    for theirs, ours in _WORDS.items():
        message = message.replace(theirs, ours)
    if not keys:
        return f"{message}."
    shown = "" if isinstance(value, (dict, list)) else f" = {value!r}"
    if kind in ("value_error", "law_or_network"):  # ours, which tell the remedy
        return f"the key '{key}'{shown}: {message}."
    return f"the key '{key}'{shown}: {message}; mend the value."


def _guess(location: tuple, problems: list[Any], candidates: list[str]) -> str | None:
    """What an unknown key was meant to be: the one missing beside it, or else a similar one."""
    missing = [
        str(problem["loc"][-1])
        for problem in problems
        if problem["type"] == "missing" and problem["loc"][:-1] == location[:-1]
    ]
    if len(missing) == 1:
        return missing[0]
    return next(iter(difflib.get_close_matches(str(location[-1]), candidates, n=1)), None)


def _place(location: tuple, content: Any) -> tuple[list[str], Any]:
    """Keys of a location that the file really has, and what stands there.

    pydantic puts the choice of a law or a hardening among the keys; the file has no such key.
    """
    keys: list[str] = []
    for part in location:
        if (isinstance(content, dict) and part in content) or (
            isinstance(content, list) and isinstance(part, int) and part < len(content)
        ):
            content = content[part]
            keys.append(_shown(part))
    return keys, content


def _shown(part: str | int) -> str:
    return part if isinstance(part, str) else f"[no. {part + 1}]"

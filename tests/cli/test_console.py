"""Whether a simulation believes that a person looks at its output."""

import sys

import pytest

from dmn_fe.cli.console import run_console, terminal_of_ranks


@pytest.mark.parametrize(
    ("is_terminal", "is_rank", "told", "expected"),
    [
        (True, False, None, True),
        (False, False, None, False),
        (True, True, None, False),  # mpirun's own terminal
        (True, True, "0", False),
        (True, True, "1", True),
        (False, True, "1", False),  # an mpirun that gives its ranks none
    ],
)
def test_a_terminal_of_ranks_is_believed_only_if_told(
    monkeypatch, is_terminal, is_rank, told, expected
):
    for name in ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "DMN_FE_TERMINAL"):
        monkeypatch.delenv(name, raising=False)
    if is_rank:
        monkeypatch.setenv("PMIX_RANK", "0")
    if told is not None:
        monkeypatch.setenv("DMN_FE_TERMINAL", told)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal, raising=False)
    assert run_console().is_terminal == expected
    assert terminal_of_ranks() == {"DMN_FE_TERMINAL": "1" if is_terminal else "0"}

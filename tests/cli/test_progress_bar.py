"""Progress in a log, where standard error is no terminal."""

import pytest

from dmn_fe.cli import progress_bar as module
from dmn_fe.cli.progress_bar import progress_bar


def test_long_work_writes_lines_to_a_log(capsys, monkeypatch):
    monkeypatch.setattr(module, "_LINE_SECONDS", 0.0)
    with progress_bar("samples") as progress:
        progress(3, 20, "spheres [A]: error 1.5 %")
        progress(4, 20)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(maxsplit=1)[1] for line in lines] == [
        "samples 3/20 spheres [A]: error 1.5 %",
        "samples 4/20",
    ]


@pytest.mark.parametrize("calls", [0, 5])
def test_short_work_leaves_the_log_empty(capsys, calls):
    with progress_bar("samples") as progress:
        for k in range(calls):
            progress(k, calls)
    assert capsys.readouterr().err == ""

"""The measurements, the cost model and the report of demos/scaling; no speed is asserted."""

import dataclasses
import importlib
import importlib.util
import json
import math
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers.processes import ROOT, clean_environment, mpirun_options

FOLDER = ROOT / "demos" / "scaling"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
SECONDS = 800


@pytest.fixture
def module(monkeypatch):
    """Modules of the folder by name."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


@pytest.fixture
def known(module):
    """Coefficients that are to be found again."""
    return module("constants").Measured(
        micro_elastic=1e-6,
        micro_yielding=5e-6,
        assembly=4e-6,
        assembly_fixed=1e-3,
        rest=1e-7,
        rest_fixed=1e-4,
        setup=3e-6,
        setup_fixed=2e-4,
        setup_first=2e-5,
        cg=5e-7,
        cg_cached=5e-7,
        cg_fixed=3e-5,
        cg_bytes=6000.0,
        cg_iterations=10.0,
        cg_iterations_growth=8.0,
        levels=1.0,
        levels_growth=0.5,
        cg_exchanges=3.0,
        cg_sums=4.0,
        cg_bytes_sent=100.0,
        setup_exchanges=20.0,
        setup_sums=50.0,
        setup_bytes_sent=900.0,
        meetings=3.0,
        unpickle=2e-7,
        program=4e8,
        point_bytes=3706.0,
        unknown_bytes=4000.0,
        save_copies=4.0,
        state_size=183.0,
        save=2e-8,
        restart=3e-9,
        mesh_seconds=6e-6,
        mesh_bytes=700.0,
    )


def synthetic_result(module, m, cache: float = 0.0) -> dict:
    """What ``measure.py`` would store of a machine of which all is known."""
    model, storage = module("cost_model"), module("storage")
    empty = module("constants").Cluster()
    two = module("constants").Cluster(ranks_per_node=2, cache=cache)
    cases = {}
    for ranks in (1, 2):
        for edge in (4, 6, 8, 10):
            points = 24 * edge**3
            own, n = points / ranks, model.unknowns(points)
            mine, share = n / ranks, model.share(points, ranks, empty)
            cut = 3 * (2 * edge + 1) ** 2 if ranks == 2 else 0
            solves = 5 * model.cg_iterations(points, m)
            levels = model.levels(points, m)
            kept = model.cached(mine, ranks, two)
            work = mine * (kept * m.cg_cached + (1.0 - kept) * m.cg) + m.cg_fixed

            def step(
                micro: float,
                own=own,
                mine=mine,
                share=share,
                solves=solves,
                levels=levels,
                work=work,
                cut=cut,
            ):
                """Five iterations."""
                setup = {
                    "seconds": 5 * (m.setup * mine + m.setup_fixed),
                    "flops": 0.0,
                    "sends": 5 * m.setup_exchanges * share.neighbours,
                    "bytes sent": 5 * m.setup_bytes_sent * cut,
                    "reductions": 5 * m.setup_sums,
                }
                cg = {
                    "seconds": solves * work,
                    "flops": solves * m.cg_bytes / 6.0 * mine,
                    "sends": solves * m.cg_exchanges * levels * share.neighbours,
                    "bytes sent": solves * m.cg_bytes_sent * cut,
                    "reductions": solves * m.cg_sums,
                }
                laws = 5 * micro * own
                assembly = 5 * (m.assembly * own + m.assembly_fixed)
                rest = 5 * (m.rest * own + m.rest_fixed)
                return {
                    "iterations": 5,
                    "seconds": laws + assembly + rest + setup["seconds"] + cg["seconds"],
                    "micro": laws,
                    "assembly": assembly,
                    "meetings": 5 * m.meetings,
                    "cg iterations": solves,
                    "setup": setup,
                    "cg": cg,
                }

            first = step(m.micro_elastic)
            first["setup"]["seconds"] = 5 * m.setup_first / 2.0 * mine
            peak = m.program + m.point_bytes * own + m.unknown_bytes * mine
            size = storage.checkpoint_bytes(points, m.state_size)
            found = {
                "points": points,
                "points of a rank": own,
                "displacements": n,
                "displacements of a rank": mine,
                "levels": levels,
                "steps": {
                    "first": first,
                    "elastic": step(m.micro_elastic),
                    "yielding": step(m.micro_yielding),
                },
                "halo": {"seconds": 1e-5, "bytes": 8 * cut},
                "memory": {
                    "program": m.program,
                    "point": m.point_bytes,
                    "peak": peak,
                    "peak with checkpoint": peak + m.save_copies * size / ranks,
                },
                "checkpoint": {
                    "files": ranks + 1,
                    "bytes": size,
                    "state size": m.state_size,
                    "write": m.save * size / ranks,
                    "restart": m.restart * size * (1 + share.neighbours) / ranks,
                },
            }
            cases[f"{ranks} {edge}"] = ("load steps", ranks, {"cells": [edge] * 3}, found)
        messages = {
            "message": {"8": 1e-6, "2097152": 2e-4} if ranks > 1 else {},
            "allreduce": 1e-6,
            "allgather of objects": 3e-6,
            "unpickle": m.unpickle,
            "memory bandwidth": 2e10,
        }
        cases[f"messages {ranks}"] = ("messages", ranks, {}, messages)
    for cells in (1e4, 1e5):
        read = {"cells": cells, "seconds": m.mesh_seconds * cells, "rank 0": m.mesh_bytes * cells}
        cases[f"read {cells}"] = ("read mesh", 2, {}, read)
    stored = {
        name: dict(zip(("measure", "ranks", "arguments", "found"), case, strict=True))
        | {"load before": 0.0}
        for name, case in cases.items()
    }
    return {"machine": {"cpu": "known", "cores": 2, "torch": "2"}, "cases": stored}


def test_the_fit_finds_known_coefficients(module, known):
    found = module("fit").fit(synthetic_result(module, known))
    for name, value in dataclasses.asdict(known).items():
        assert getattr(found, name) == pytest.approx(value, rel=1e-6), name


def test_the_fit_of_restarts_on_many_ranks(module, known):
    """Of which each reads the files of its neighbours alone."""
    fit, result = module("fit"), synthetic_result(module, known)
    runs = []
    for points, ranks, files in ((1e5, 8, 8), (4e5, 32, 27), (1.6e6, 128, 27)):
        size = 1.66e3 * points
        found = {"bytes": size, "write": 1e-8 * size / ranks}
        found["restart"] = known.restart * files * size / ranks
        runs.append(SimpleNamespace(points=points, ranks=ranks, found={"checkpoint": found}))
    assert fit._files(result, runs)["restart"] == pytest.approx(known.restart, rel=1e-9)


def test_the_fit_finds_what_the_cache_keeps(module, known):
    fit, comparison = module("fit"), module("comparison")
    measured = dataclasses.replace(known, cg_cached=1e-7)
    result = synthetic_result(module, measured, cache=fit.CACHES[12])
    assert comparison.machine_here(result).cache == fit.CACHES[12]
    found = fit.fit(result)
    assert found.cg == pytest.approx(measured.cg, rel=1e-6)
    assert found.cg_cached == pytest.approx(measured.cg_cached, rel=1e-6)


def test_a_size_that_was_held_out_is_predicted(module, known):
    comparison = module("comparison")
    result = synthetic_result(module, known)
    predicted = comparison.held_out(result)
    assert len(predicted) == 8
    for run, seconds in predicted:
        parts = module("cost_model").iteration(
            run.points, run.ranks, known, comparison.machine_here(result)
        )
        messages = sum(parts[name] for name in module("prediction").MESSAGES)
        if run.ranks == 1:
            assert messages == 0.0
            assert seconds == pytest.approx(run.iteration()["all"], rel=1e-6)
        assert seconds == pytest.approx(sum(parts.values()), rel=1e-6)


def test_a_report_warns_of_a_model_that_misses(module, known):
    sections, comparison = module("measured_sections"), module("comparison")
    result = synthetic_result(module, known)
    here = comparison.machine_here(result)
    assert sections.fit_warning(result, known, here) == []
    far = dataclasses.replace(known, assembly=20.0 * known.assembly)
    assert "do not plan by it" in sections.fit_warning(result, far, here)[0]


def test_repeats_count_by_their_best_and_their_median(module, known):
    results = module("results")
    result = synthetic_result(module, known)
    case = result["cases"]["1 4"]
    for factor in (3.0, 2.0):
        slow = json.loads(json.dumps(case))
        for name in ("micro", "seconds"):
            slow["found"]["steps"]["yielding"][name] *= factor
        result["cases"][f"slow {factor}"] = slow
    best = known.micro_yielding * 24 * 4**3
    assert results.load_steps(result)[0].iteration()["laws"] == pytest.approx(best)
    middle = results.load_steps(result, results.median)[0]
    assert middle.iteration()["laws"] == pytest.approx(2.0 * best)


@pytest.fixture
def cluster(module):
    return module("constants").read_assumptions(
        FOLDER / "cluster.toml", module("constants").Measured()
    )[0]


def test_predictions_grow_and_shrink_as_they_must(module, known, cluster):
    model, prediction = module("cost_model"), module("prediction")
    cluster = dataclasses.replace(cluster, cache=0.0)  # of more ranks more, which can be faster
    ranks = [2**k for k in range(7, 14)]
    memory = [module("storage").rank_memory(1e8, n, known, cluster) for n in ranks]
    assert memory == sorted(memory, reverse=True)
    for part in ("laws", "CG work"):
        seconds = [model.iteration(1e8, n, known, cluster)[part] for n in ranks]
        assert seconds == sorted(seconds, reverse=True)
    for part in ("CG sums", "Python meetings"):
        seconds = [model.iteration(1e8, n, known, cluster)[part] for n in ranks]
        assert seconds == sorted(seconds)
    sizes = [sum(model.iteration(n, 1024, known, cluster).values()) for n in prediction.POINTS]
    assert sizes == sorted(sizes)
    strong = [prediction.efficiency(1e7, n, known, cluster) for n in ranks]
    assert strong[0] == pytest.approx(1.0)
    assert strong == sorted(strong, reverse=True)
    rows = prediction.predict(known, cluster)
    assert {row.points for row in rows} == set(prediction.POINTS)
    for row in rows:
        assert set(row.parts) == set(model.PARTS)
        assert row.seconds == pytest.approx(sum(row.parts.values()))
        assert row.checkpoint.files == row.ranks + 1
        on_as_many, on_others = row.checkpoint.restart, row.checkpoint.restart_on_others
        assert on_others.bytes_read == pytest.approx(row.ranks * row.checkpoint.bytes)
        assert on_as_many.bytes_read <= 27.0 * row.checkpoint.bytes * (1.0 + 1e-9)
        assert on_as_many.seconds <= on_others.seconds * (1.0 + 1e-9)
        assert row.memory < row.memory_saving
    fewest = prediction.fewest_ranks(1e8, known, cluster)
    assert prediction.fits(1e8, fewest, known, cluster)
    assert not prediction.fits(1e8, fewest // 2, known, cluster)


@pytest.mark.parametrize(
    ("numbers", "group", "part"),
    [
        ({"micro_yielding": 1.0}, "laws", "laws"),
        ({"assembly": 1.0}, "assembly", "assembly"),
        ({"cg": 1.0, "cg_iterations": 1.0}, "linear solver", "CG work"),
        ({"setup": 1.0}, "linear solver", "multigrid set-up"),
        ({"cg_sums": 1e9, "cg_iterations": 1.0}, "linear solver", "CG sums"),
        (
            {"cg_exchanges": 1e9, "cg_iterations": 1.0, "levels": 5.0},
            "linear solver",
            "coarse grids",
        ),
        ({"unpickle": 1.0, "meetings": 1.0}, "Python meetings", "Python meetings"),
    ],
)
def test_the_bottleneck_is_named(module, cluster, numbers, group, part):
    prediction = module("prediction")
    cluster = dataclasses.replace(cluster, cache=0.0)
    measured = module("constants").Measured(**numbers)
    worst = prediction.bottleneck(module("cost_model").iteration(1e8, 4096, measured, cluster))
    assert (worst.group, worst.part) == (group, part)
    assert worst.share > 0.5
    assert f"the bottleneck is the {group}" in prediction.sentence(1e8, 4096, measured, cluster)


def test_ranks_of_a_node_share_its_memory_bandwidth(module, known, cluster):
    model = module("cost_model")
    assert known.cg_bytes / known.cg == pytest.approx(12e9)
    assert model.solver_slowdown(1, known, cluster) == 1.0
    assert model.solver_slowdown(4096, known, cluster) == pytest.approx(12e9 / (350e9 / 128))
    quick = dataclasses.replace(cluster, core_speed=2.0)
    assert model.solver_slowdown(1, known, quick) == 0.5
    assert model.solver_slowdown(4096, known, quick) == model.solver_slowdown(4096, known, cluster)


def test_each_rank_of_a_weak_scaling_has_a_box(module):
    boxes = [module("plan").box_of_ranks(ranks) for ranks in (1, 2, 8, 12, 128, 7)]
    assert boxes == [[1, 1, 1], [1, 1, 2], [2, 2, 2], [2, 2, 3], [4, 4, 8], [1, 1, 7]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ranks = 3", "there is no 'ranks'"),
        ("latency = -1.0", "latency = -1.0 must be a number, not negative"),
        ("ranks_per_node = 0", "ranks_per_node = 0 must be a number, positive"),
        ("name = 5", "name = 5 must be a text"),
        ("[measured]\nmicro = 1.0", "there is no 'micro'"),
        ("latency = ", "is no TOML"),
    ],
)
def test_wrong_assumptions_are_told(module, known, tmp_path, text, told):
    errors = importlib.import_module("dmn_fe.errors")
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(errors.InputError, match=re.escape(told)):
        module("constants").read_assumptions(tmp_path / "mine.toml", known)


def test_measured_numbers_may_be_replaced(module, known, tmp_path):
    (tmp_path / "mine.toml").write_text("[measured]\nmicro_yielding = 2e-7\n")
    _, measured = module("constants").read_assumptions(tmp_path / "mine.toml", known)
    assert measured == dataclasses.replace(known, micro_yielding=2e-7)


def process(script: str, *arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(FOLDER / script), *map(str, arguments)],
        cwd=cwd,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--ranks", "1,two"], "--ranks '1,two' must be positive whole numbers"),
        (["--launcher", "no-such-launcher"], "'no-such-launcher' was not found"),
        (["--scratch", "foreign.json"], "foreign.json"),
        (["--meshes", "", "--launcher", "false"], "messages, 1 ranks, 1: ended with status 1"),
        (["--repeats", "0"], "--repeats 0 must be 1 or more"),
        (["foreign.json"], "is no result of measure.py"),
        (["elsewhere.json"], "was measured on another machine"),
    ],
)
def test_wrong_use_is_told_in_a_sentence(tmp_path, arguments, told):
    (tmp_path / "foreign.json").write_text("[]")
    (tmp_path / "elsewhere.json").write_text('{"machine": {"cpu": "x"}, "cases": {}}')
    if arguments[0].startswith("--"):
        arguments = ["new.json", *arguments]
    ended = process("measure.py", *arguments, cwd=tmp_path)
    assert ended.returncode == 1
    (sentence,) = ended.stderr.splitlines()
    assert told in sentence


def test_a_report_of_nothing_is_told(tmp_path):
    (tmp_path / "empty.json").write_text('{"machine": {}, "cases": {}}')
    for name, told in (("none.json", "cannot be read"), ("empty.json", "lacks load steps")):
        ended = process("report.py", name, "--output", tmp_path, cwd=tmp_path)
        assert ended.returncode == 1
        (sentence,) = ended.stderr.splitlines()
        assert told in sentence


def needs_dolfinx() -> None:
    for name in ("dolfinx", "gmsh"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed")


@pytest.fixture(scope="module")
def commands_of_readme(tmp_path_factory):
    """The folder in which the README's commands have run, with small parts."""
    needs_dolfinx()
    folder = tmp_path_factory.mktemp("scaling")
    (block,) = re.findall(r"^```sh\n(.*?)```", README, flags=re.DOTALL | re.MULTILINE)
    launcher = " ".join(["mpirun", *mpirun_options()])
    small = ["--small", "--scratch", str(folder), "--launcher", launcher]
    for command in block.splitlines():
        python, script, *arguments = shlex.split(command.replace("demos/scaling", str(FOLDER)))
        assert python == "python"
        more = small if "measure.py" in script else []
        ended = process(Path(script).name, *arguments, *more, cwd=folder)
        assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder


@pytest.mark.timeout(2 * SECONDS)
def test_the_readme_measures_and_predicts(commands_of_readme, module):
    model = module("cost_model")
    result = module("results").read_result(commands_of_readme / "results" / "mine.json")
    runs = module("results").load_steps(result)
    assert [(run.ranks, run.cells) for run in runs] == [
        (1, (3, 3, 3)),
        (1, (5, 5, 5)),
        (2, (3, 3, 3)),
        (2, (3, 3, 6)),
        (2, (5, 5, 5)),
    ]
    for run in runs:
        assert run.points == 24 * math.prod(run.cells)
        if len(set(run.cells)) == 1:
            assert run.found["displacements"] == pytest.approx(model.unknowns(run.points))
        checkpoint = run.found["checkpoint"]
        assert checkpoint["files"] == run.ranks + 1
        headers = checkpoint["bytes"] - module("storage").checkpoint_bytes(
            run.points, checkpoint["state size"]
        )
        assert 0 < headers < 4096 * (run.ranks + 1)
        memory = run.found["memory"]
        assert memory["program"] <= memory["mesh and matrix"] <= memory["peak"]
        assert memory["peak"] <= memory["peak with checkpoint"]
        for step in run.found["steps"].values():
            assert step["meetings"] >= 2 * step["iterations"]
            # One rank tells nobody anything, and two tell each other.
            assert (step["cg"]["sends"] > 0) == (run.ranks > 1)
        assert run.iteration()["all"] >= run.iteration()["laws"] > 0
    report = (commands_of_readme / "results" / "scaling" / "report.md").read_text(encoding="utf-8")
    assert "At 10⁸ quadrature points on 4096 ranks the bottleneck is the" in report
    assert "a restart on another number of ranks" in report
    for picture in ("measured.png", "predicted.png"):
        assert f"]({picture})" in report
        assert (commands_of_readme / "results" / "scaling" / picture).stat().st_size > 10_000


@pytest.mark.timeout(2 * SECONDS)
def test_what_is_finished_is_kept(commands_of_readme):
    """Of a result without one case this case alone is measured; interrupted, nothing is lost."""
    kept = commands_of_readme / "results" / "mine.json"
    result = json.loads(kept.read_text())
    name = "load steps, 3 x 3 x 3 cells, 1 ranks, 1"
    lost = result["cases"].pop(name)
    shorter = commands_of_readme / "shorter.json"
    shorter.write_text(json.dumps(result))
    arguments = [shorter, "--small", "--scratch", commands_of_readme]
    running = subprocess.Popen(
        [sys.executable, str(FOLDER / "measure.py"), *map(str, arguments)],
        env=clean_environment() | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    assert running.stdout.read(len("1 of 1")) == "1 of 1"
    time.sleep(1.0)
    running.send_signal(signal.SIGTERM)
    assert "the same command goes on" in running.communicate(timeout=60)[0]
    assert running.returncode == 130
    assert json.loads(shorter.read_text()) == result
    ended = process("measure.py", *arguments, cwd=commands_of_readme)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith(f"1 of 1: {name}")
    again = json.loads(shorter.read_text())["cases"]
    assert again[name]["found"]["points"] == lost["found"]["points"]


def test_a_launcher_that_starts_processes_apart_is_told(tmp_path):
    launcher = tmp_path / "launcher"
    launcher.write_text('#!/bin/sh\nshift 2\nexec "$@"\n')
    launcher.chmod(0o755)
    options = ["--small", "--ranks", "2", "--launcher", str(launcher)]
    ended = process("measure.py", "result.json", *options, cwd=tmp_path)
    assert ended.returncode == 1
    assert "2 ranks were to be started, and this is one of 1; give a --launcher" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_options_in_the_readme_exist(tmp_path):
    helped = process("measure.py", "--help", cwd=tmp_path).stdout
    (job,) = [line for line in README.splitlines() if '--launcher "srun ' in line]
    rows = [line for line in README.splitlines() if line.startswith("| `--")]
    of_measure = re.sub(r'"srun [^"]*"', "", job)  # not those of the launcher
    options = set(re.findall(r"--[a-z]+", " ".join([of_measure, *rows])))
    assert len(options) >= 7
    assert all(f"{option} " in helped for option in options)

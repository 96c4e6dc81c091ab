"""The assessment on a tiny RVE: what is made once, resumed, counted and written."""

import csv
import json
import re
import shlex

import pytest
import torch
from helpers.networks import random_network
from helpers.ranks import on_ranks

from dmn_fe import InputError, laws
from dmn_fe.assessment import Comparison, Plan, Subject, Variant, execute, write_report
from dmn_fe.assessment import execution as execution_module
from dmn_fe.assessment.commands import train_command
from dmn_fe.assessment.machine import machine_of
from dmn_fe.cli.study_file import read_study_file
from dmn_fe.collective import Alone
from dmn_fe.evaluate import NetworkLaw, follow_strain_path
from dmn_fe.homogenization import (
    ReferencePaths,
    StiffnessDataset,
    sample_orthotropic,
    sample_tangent_like,
    standard_loadings,
)
from dmn_fe.laws import laws_description, laws_fingerprint
from dmn_fe.network import load, save
from dmn_fe.training import Settings
from dmn_fe.training.samples import split

META = {
    "phase_names": ["matrix", "inclusion"],
    "rve_hash": "teacher",
    "grid": [2, 2, 2],
    "scheme": "none",
    "tolerance": 0.0,
}
LAWS = {
    "matrix": laws.J2(1.0, 0.3, laws.LinearHardening(0.01, 0.03)),
    "inclusion": laws.Elastic.isotropic(6.0, 0.2),
}


@pytest.fixture
def files(tmp_path):
    """Data of a teacher network, which stands for an RVE."""
    teacher = random_network(2, seed=5)
    fractions = teacher.volume_fractions.tolist()
    save(teacher, tmp_path / "teacher.dmn")
    for name, phases in (
        ("orthotropic", sample_orthotropic(24, seed=1, contrast=10.0)),
        ("tangent-like", sample_tangent_like(20, seed=2)),
    ):
        meta = {**META, "kind": name, "volume_fractions": fractions}
        data = StiffnessDataset(phases, teacher.stiffness(phases), meta)
        data.save(tmp_path / f"{name}.safetensors")
    loadings = standard_loadings(0.02, steps=6)
    chosen = {name: loadings[name] for name in ("shear-12", "corner", "uniaxial-strain")}
    times = torch.stack([loading.times for loading in chosen.values()])
    strain = torch.stack([loading.strain for loading in chosen.values()])
    stress = follow_strain_path(NetworkLaw(teacher, LAWS), times, strain).stress
    meta = {
        **META,
        "laws": json.loads(json.dumps(laws_description(LAWS))),
        "laws_fingerprint": laws_fingerprint(LAWS),
    }
    ReferencePaths(tuple(chosen), times, strain, stress, meta).save(tmp_path / "truth.safetensors")
    return tmp_path


STUDY = """
title = "A teacher network"
elastic = ["orthotropic"]

[settings]
depth = 2
iterations = 20

[[rve]]
name = "teacher"
elastic = { orthotropic = "orthotropic.safetensors", tangent-like = "tangent-like.safetensors" }
truth = { plastic = "truth.safetensors" }

[[comparison]]
title = "Data"
question = "Which samples?"
every_reference = true
variant = [
    { label = "orthotropic", fixed_point = true },
    { label = "trained", pretrained = "teacher.dmn" },
    { label = "both", elastic = ["orthotropic", "tangent-like"], loss = "whitened" },
]

[[comparison]]
title = "Data size"
question = "How many?"
axis = "training samples"
variant = [{ label = "8", x = 8, samples = 8 }, { label = "all", x = 19 }]
"""


@pytest.fixture
def study(files):
    (files / "study.toml").write_text(STUDY)
    return files / "study.toml"


def test_equal_trainings_are_made_once_and_the_report_holds_all(study, dmn_fe, tmp_path):
    plan = read_study_file(study)
    assert len(plan.trainings()) == 4  # "orthotropic" and "all" are one
    process = dmn_fe("study", "study.toml", "--output", "out")
    assert process.returncode == 0, process.stderr
    out = tmp_path / "out"
    names = {path.name for path in out.iterdir()}
    assert names >= {"report.md", "networks.csv", "01-data.png", "02-data-size.png", "leaves.png"}
    assert len(list((out / "runs").glob("*.json"))) == 4
    assert not list((out / "runs").glob("*.partial*"))
    report = (out / "report.md").read_text()
    for words in ("Which settings should I use?", "## Data size", "Newton or fixed point"):
        assert words in report
    assert "the elastic error" in report  # the verdict on the size of the training set
    assert "s to equal error" in report
    base = "dmn-fe train DATA.safetensors --depth 2 --iterations 20 --networks 5"
    assert f"no advice: `{base} --output networks.dmn`" in report
    assert report.count("| orthotropic, teacher |") == report.count("covered by 1") == 1
    # Two kinds of samples are more samples, but no other size of one training set.
    assert report.count("from 8 to 19 samples") == report.count(" samples: the elastic error") == 1
    with open(out / "networks.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5 * 5
    # The data are those of the teacher: who starts from it has learnt everything.
    errors = {row["variant"]: float(row["nonlinear_mean"]) for row in rows}
    assert errors["trained"] < 1e-4 < errors["orthotropic"]
    with open(out / "paths.csv", newline="") as file:
        paths = list(csv.DictReader(file))
    assert len(paths) == 5 * (5 + 1) * 3
    # The training that two comparisons share is listed where the fixed point was asked for.
    assert report.count("| Data: orthotropic, teacher |") == 1
    assert {row["result"] for row in rows} == {p.stem for p in (out / "runs").glob("*.json")}
    for row in rows:
        own = [p for p in paths if all(p[key] == row[key] for key in ("comparison", "variant"))]
        own = [float(p["mean"]) for p in own if p["network"] == row["seed"] and p["counted"] == "1"]
        assert sum(own) / 2 == pytest.approx(float(row["nonlinear_mean"]), rel=1e-3)
    stored = [json.loads(path.read_text()) for path in (out / "runs").glob("*.json")]
    truths = [result["truth"]["plastic"] for result in stored]
    (truth,) = [truth for truth in truths if "fixed_point" in truth]
    # The counted paths are all but uniaxial strain, and the fixed point has the same solution.
    for seed in truth["seeds"]:
        assert seed["overall_mean"] == pytest.approx(sum(seed["mean"][:2]) / 2, rel=1e-12)
    for seed, fixed in zip(truth["seeds"], truth["fixed_point_seeds"], strict=True):
        assert fixed["overall_mean"] == pytest.approx(seed["overall_mean"], rel=1e-4)
    for newton, fixed in zip(truth["newton_in_torch"], truth["fixed_point"], strict=True):
        assert 1.0 <= newton["sweeps"] < fixed["sweeps"]


def test_the_advice_is_a_command_that_trains_the_best_networks(study, dmn_fe, tmp_path):
    assert dmn_fe("study", "study.toml", "--output", "out").returncode == 0
    report = (tmp_path / "out" / "report.md").read_text()
    found = re.findall(r"- RVE, the smallest error \(.*; \d+ s to train one\): `(.*)`", report)
    assert len(found) == 1
    assert "--start teacher.dmn" in found[0]
    process = dmn_fe(*shlex.split(found[0])[1:])
    assert process.returncode == 0, process.stderr
    plan = read_study_file(study)
    trained = plan.training(plan.comparisons[0], plan.comparisons[0].variants[1], "teacher")
    ours = load(tmp_path / "out" / "runs" / f"{trained.key}.dmn").networks
    for network, own in zip(load(tmp_path / "networks.dmn").networks, ours, strict=True):
        torch.testing.assert_close(network.weights, own.weights, rtol=0, atol=0)


def test_settings_that_are_not_the_default_are_options():
    settings = Settings(optimiser="adam", oriented_phases=("a", "b"), path_weight=2.0)
    command = train_command(settings, ["x", "y"], "steps", 3)
    assert command == (
        "dmn-fe train x.safetensors y.safetensors --paths steps.safetensors --depth 5 "
        "--optimiser adam --oriented-phases a,b --path-weight 2.0 --networks 3 "
        "--output networks.dmn"
    )


def test_an_interrupted_assessment_goes_on(study, tmp_path, monkeypatch):
    plan, folder = read_study_file(study), tmp_path / "runs"
    work, calls = execution_module.work_on, []

    def interrupted(*arguments):
        if len(calls) == 1:
            raise KeyboardInterrupt
        calls.append(arguments)
        work(*arguments)

    monkeypatch.setattr(execution_module, "work_on", interrupted)
    with pytest.raises(KeyboardInterrupt):
        execute(plan, folder)
    first = {path.name: path.read_bytes() for path in folder.glob("*.json")}
    assert len(first) == 1
    monkeypatch.setattr(execution_module, "work_on", work)
    execute(plan, folder)
    assert len(list(folder.glob("*.json"))) == 4
    for name, content in first.items():
        assert (folder / name).read_bytes() == content


@pytest.fixture
def singular(monkeypatch):
    """Lets the training on 8 samples fail."""
    work = execution_module.work_on

    def failing(training, *arguments):
        if training.settings.samples == 8:
            raise torch.linalg.LinAlgError("singular")
        work(training, *arguments)

    monkeypatch.setattr(execution_module, "work_on", failing)
    return "Data size: 8, teacher: _LinAlgError: singular"


def test_a_training_that_fails_does_not_keep_the_others(
    study, tmp_path, monkeypatch, caplog, singular
):
    plan, folder = read_study_file(study), tmp_path / "out" / "runs"
    folder.parent.mkdir()
    with caplog.at_level("WARNING"):
        told = on_ranks(2, lambda comm: execute(plan, folder, comm=comm))
    assert told[0] == told[1]  # all ranks hear of it
    assert told[0] == [singular]
    assert f"a training failed, {singular}" in caplog.text
    assert "Traceback" in caplog.text
    assert len(list(folder.glob("*.json"))) == 3
    # The report says what is missing, and the same call makes it.
    report = write_report(plan, folder, tmp_path / "out").read_text()
    assert "Not complete: 3 of 4 trainings" in report
    assert "Data size" in report
    monkeypatch.undo()
    assert execute(plan, folder) == []


def test_the_command_says_which_training_failed_and_reports_the_others(
    study, tmp_path, dmn_fe, singular
):
    process = dmn_fe("study", "study.toml", "--output", "out")
    assert process.returncode == 2
    last = process.stderr.splitlines()[-1]
    assert last == (
        f"dmn-fe: 1 of 4 trainings failed, the first is {singular}; the same command tries them "
        "again."
    )
    assert "out/report.md: written" in process.stdout
    assert "Not complete: 3 of 4" in (tmp_path / "out" / "report.md").read_text()


def test_errors_on_what_is_learnt_are_those_of_each_networks_own_samples(study, files):
    plan, folder = read_study_file(study), files / "out"
    training = plan.training(plan.comparisons[1], plan.comparisons[1].variants[0], "teacher")
    folder.mkdir()
    path = execution_module.result_path(folder, training)
    execution_module.work_on(training, path, lambda *_: None, machine_of(Alone()))
    networks = load(path.with_suffix(".dmn")).networks
    data = StiffnessDataset.load(files / "orthotropic.safetensors")
    learnt = split(len(data), training.settings.validation_fraction)[0]
    rows = json.loads(path.read_text())["seeds"]
    for seed, network, row in zip(training.seeds, networks, rows, strict=True):
        order = torch.randperm(len(learnt), generator=torch.Generator().manual_seed(seed))
        own = learnt[order[:8]]
        difference = network.stiffness(data.phase_stiffness[own]) - data.effective[own]
        errors = torch.linalg.matrix_norm(difference) / torch.linalg.matrix_norm(
            data.effective[own]
        )
        assert row["learnt"] == pytest.approx(errors.mean().item(), rel=1e-3)


def test_whole_numbers_are_the_same_setting(study, tmp_path):
    text = 'variant = [{ label = "8", x = 8, samples = 8 }, { label = "all", x = 19 }]'
    assert text in STUDY
    more = '{ label = "also", x = 20, path_weight = 1, start_low = 0, regularisation = 1e-3 }'
    study.write_text(STUDY.replace(text, text.replace("}]", f"}}, {more}]")))
    plan = read_study_file(study)
    comparison = plan.comparisons[-1]
    keys = [plan.training(comparison, v, "teacher").key for v in comparison.variants]
    assert keys[1] == keys[2] != keys[0]
    assert len(plan.trainings()) == 4


def test_a_report_that_cannot_be_written_ends_all_ranks(study, dmn_fe, tmp_path):
    (tmp_path / "out" / "report.md").mkdir(parents=True)
    process = dmn_fe("study", "study.toml", "--output", "out", "--ranks", 2)
    assert process.returncode == 2
    assert process.stderr.splitlines() == [
        "dmn-fe: out/report.md is a folder; give the name of a file."
    ]
    assert len(list((tmp_path / "out" / "runs").glob("*.json"))) == 4


def test_ranks_that_do_not_see_each_other_are_refused(study, dmn_fe, monkeypatch):
    monkeypatch.setenv("DMN_FE_RANKS", "2")
    process = dmn_fe("study", "study.toml", "--output", "out")
    assert process.returncode == 2
    assert process.stderr.startswith("dmn-fe: mpirun started 2 ranks, but mpi4py sees 1; ")


def test_the_report_of_what_is_done(study, dmn_fe, tmp_path, monkeypatch):
    plan, out = read_study_file(study), tmp_path / "out"
    process = dmn_fe("study", "study.toml", "--output", "out", "--report-only")
    assert process.returncode == 2
    assert "no results" in process.stderr
    training = plan.trainings()[0]
    (out / "runs").mkdir(parents=True)
    path = execution_module.result_path(out / "runs", training)
    execution_module.work_on(training, path, lambda *_: None, machine_of(Alone()))
    process = dmn_fe("study", "study.toml", "--output", "out", "--report-only")
    assert process.returncode == 0, process.stderr
    assert "1 of 4 trainings" in (out / "report.md").read_text()
    for content in ("", "[]", "null", '{"subject": "teacher"}'):
        path.write_text(content)
        process = dmn_fe("study", "study.toml", "--output", "out", "--report-only")
        assert process.returncode == 2
        assert process.stderr.startswith(f"dmn-fe: out/runs/{path.name}: is no result (")
        assert process.stderr.endswith("remove it, and the study makes it again.\n")


def test_files_of_two_rves_are_refused(study, files):
    data = StiffnessDataset.load(files / "tangent-like.safetensors")
    other = StiffnessDataset(
        data.phase_stiffness, data.effective, {**data.meta, "rve_hash": "another"}
    )
    other.save(files / "tangent-like.safetensors")
    with pytest.raises(InputError, match=r"tangent-like\.safetensors is of another RVE than"):
        execute(read_study_file(study), files / "runs")


def test_there_is_no_report_of_nothing(study, tmp_path):
    with pytest.raises(InputError, match="no results"):
        write_report(read_study_file(study), tmp_path / "none", tmp_path / "out")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ("depth = 2", "depth = 99"),
        ('elastic = ["orthotropic"]\n\n', 'elastic = ["orthotropik"]\n\n'),
        ('title = "Data"', 'titel = "Data"'),
        ("samples = 8", "sampels = 8"),
        ("teacher.dmn", "truth.safetensors"),
        ("samples = 8", "samples = 800"),
        ("iterations = 20", "iterations = 20\nvalidation_fraction = 0.021"),  # of 20 samples, none
        ("every_reference = true", 'every_reference = true\nranked_by = "elastic"'),
        ("depth = 2", 'depth = 2\nstart = "quilting"'),
        ("truth.safetensors", "none.safetensors"),
        ("iterations = 20", "iterations = 20\n]"),
    ],
)
def test_wrong_study_files_get_one_sentence(study, dmn_fe, change, word, tmp_path):
    assert change in STUDY
    study.write_text(STUDY.replace(change, word))
    process = dmn_fe("study", "study.toml", "--output", "out")
    assert process.returncode == 2, process.stderr
    assert process.stderr.count("dmn-fe: ") == 1
    assert "Traceback" not in process.stderr
    assert not (tmp_path / "out" / "report.md").exists()


@pytest.mark.parametrize(
    ("change", "word", "sentence"),
    [
        ("depth = 2", "dept = 2", "[settings]: 'dept' is no setting of a training; did you mean"),
        ("depth = 2", "depth = 99", "[settings]: depth = 99 must be"),
        ("samples = 8", "sampels = 8", "variant '8': 'sampels' is no setting of a training; did"),
        ("[[rve]]", "[rve]", "the key 'rve': it must be a list, of tables in two brackets each"),
        (
            "[settings]",
            'seeds = "five"\n[settings]',
            "the key 'seeds' = 'five': it must be a whole",
        ),
        ("[settings]", "[materials]\n[settings]", "this is a run file; give it to dmn-fe run"),
    ],
)
def test_what_is_wrong_in_a_study_file_is_named(study, dmn_fe, change, word, sentence):
    study.write_text(STUDY.replace(change, word))
    process = dmn_fe("study", "study.toml", "--output", "out")
    assert process.returncode == 2
    assert process.stderr.startswith(f"dmn-fe: study.toml: {sentence}")


def test_the_report_needs_a_folder(study, dmn_fe, tmp_path):
    process = dmn_fe("study", "study.toml", "--output", "study.toml")
    assert process.returncode == 2
    assert process.stderr == "dmn-fe: study.toml is a file; give a folder for --output.\n"


def test_plans_check_what_they_compare(tmp_path):
    subject = Subject("a", "g", {"B": tmp_path}, {}, {"t": tmp_path})
    variant = Variant("v", Settings(depth=2), ("B",))
    with pytest.raises(InputError, match="no RVE 'b'"):
        Plan("t", (subject,), (Comparison("c", "q", (variant,), ("b",)),))
    wrong = Variant("v", Settings(depth=2), ("B",), "one-step")
    with pytest.raises(InputError, match="no nonlinear samples 'one-step'"):
        Plan("t", (subject,), (Comparison("c", "q", (wrong,), ("a",)),))
    with pytest.raises(InputError, match="5 or more"):
        Plan("t", (subject,), (), seeds=3)
    few = Comparison("c", "q", (variant,), ("a",), seeds=4)
    with pytest.raises(InputError, match="seeds = 4"):
        Plan("t", (subject,), (few,))
    good = Comparison("c", "q", (variant,), ("a",))
    with pytest.raises(InputError, match="two of the name 'a'"):
        Plan("t", (subject, subject), (good,))
    with pytest.raises(InputError, match="two of the name 'c'"):
        Plan("t", (subject,), (good, good))
    with pytest.raises(InputError, match="two of the name 'v'"):
        Plan("t", (subject,), (Comparison("c", "q", (variant, variant), ("a",)),))
    with pytest.raises(InputError, match="give its x"):
        Plan("t", (subject,), (Comparison("c", "q", (variant,), ("a",), axis="levels"),))


def test_results_belong_to_the_content_of_the_files(study, files):
    def keys() -> dict:
        trainings = read_study_file(study).trainings()
        return {(*t.elastic, t.settings.samples, t.pretrained is None): t.key for t in trainings}

    before = keys()
    assert len(set(before.values())) == 4
    assert keys() == before
    save(random_network(2, seed=6), files / "teacher.dmn")
    after = keys()
    changed = {name for name in before if after[name] != before[name]}
    assert changed == {("orthotropic", None, False)}
    more = 'nonlinear = { more = "teacher.dmn" }\ntruth'  # which none of them learns from
    study.write_text(STUDY.replace("truth", more, 1))
    assert keys() == after
    study.write_text(STUDY.replace("[settings]", "ensemble = 2\n[settings]"))
    assert not set(keys().values()) & set(after.values())
    study.write_text(STUDY.replace("{ plastic", "{ steel"))  # another name of the same truth
    assert not set(keys().values()) & set(after.values())
    (files / "truth.safetensors").unlink()
    with pytest.raises(InputError, match=r"truth\.safetensors: cannot be read"):
        keys()


def test_on_ranks_the_trainings_are_shared(study, dmn_fe, tmp_path):
    process = dmn_fe("study", "study.toml", "--output", "out", "--ranks", 2)
    assert process.returncode == 0, process.stderr
    assert len(list((tmp_path / "out" / "runs").glob("*.json"))) == 4
    stored = [json.loads(p.read_text()) for p in (tmp_path / "out" / "runs").glob("*.json")]
    assert sorted(result["machine"]["rank"] for result in stored) == [0, 0, 1, 1]
    assert "2 process(es)" in (tmp_path / "out" / "report.md").read_text()


@pytest.mark.parametrize("ranks", [1, 2])
def test_a_folder_that_cannot_be_made_gets_one_sentence(study, dmn_fe, tmp_path, ranks):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "runs").touch()
    process = dmn_fe("study", "study.toml", "--output", "out", "--ranks", ranks)
    assert process.returncode == 2
    sentence = (
        "dmn-fe: out/runs: File exists; check the file, its folder and the space on the disk."
    )
    assert process.stderr.splitlines() == [sentence]


def test_the_fixed_point_and_more_seeds_are_for_whom_they_are_asked(tmp_path):
    subjects = tuple(Subject(n, "g", {"B": tmp_path}, {}, {"t": tmp_path}) for n in "ab")
    plain = Variant("plain", Settings(depth=2), ("B",))
    slow = Variant("slow", Settings(depth=2), ("B",), fixed_point=True)
    other = Variant("other", Settings(depth=3), ("B",))
    plan = Plan(
        "t",
        subjects,
        (
            Comparison("first", "q", (plain, other), ("a", "b")),
            Comparison("second", "q", (slow,), ("a",)),
            Comparison("third", "q", (plain,), ("a",), seeds=10),
        ),
    )
    trainings = plan.trainings()
    assert len(trainings) == 5  # of depth 2, 3 on each RVE, and that with ten seeds
    asked = [(t.subject.name, t.settings.depth, len(t.seeds)) for t in trainings if t.fixed_point]
    assert asked == [("a", 2, 5)]

"""What the README tells people to do works, with smaller sizes where it takes long."""

import re
import shlex

import pytest
from helpers.processes import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
# The demo and the tests are run whole by the project's checks; the bracket and the study are in
# test_demos.py, the audit in cli/test_audit.py, the cases of the validation in
# test_validation_cases.py; images and clusters in .ci/containers.
ELSEWHERE = (
    "docker build",
    "docker run",
    "docker/cluster",
    "docker/run dmn-fe demo",
    "docker/run pytest",
    "cp demos/",
    "dmn-fe audit results/mine",
    "dmn-fe plot results/mine",
    "dmn-fe run demos/mine.toml",
    "dmn-fe study demos/",
    "dmn-fe validate demos/",
)
SMALLER = {
    "dmn-fe rve make spheres": "--voxels 12 --count 2 --gap 1",
    "dmn-fe rve make short-fibres": "--voxels 24 --count 3 --aspect-ratio 3",
    "dmn-fe data spheres.npy --kind one-step": "--samples 5",
    "dmn-fe data": "--samples 10",
    "dmn-fe train elastic.safetensors --paths": "--depth 2 --iterations 20 --elastic-iterations 10",
    "dmn-fe reconstruct": "--size 32 --count 1",
    "dmn-fe doctor": "--quick",  # the whole is in cli/test_doctor.py
    "dmn-fe train": "--depth 2 --iterations 20",
}


def code_blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_commands_work_in_their_order(dmn_fe, tmp_path):
    (tmp_path / "meshes").symlink_to(ROOT / "meshes")
    blocks = [block.replace("\\\n", "") for block in code_blocks("sh")]
    commands = [line for block in blocks for line in block.splitlines() if line.strip()]
    done = 0
    for command in commands:
        if command.startswith(ELSEWHERE):
            continue
        smaller = next((v for k, v in SMALLER.items() if command.startswith(k)), "")
        assert command.startswith("dmn-fe "), f"no test for {command!r}"
        # The last of two equal options counts.
        process = dmn_fe(*shlex.split(command)[1:], *shlex.split(smaller))
        assert process.returncode == 0, process.stderr
        done += 1
    assert done == 11
    names = results_of(code_blocks("python")[0])  # of the RVE that the commands have made
    assert names["record"].phase_stress.shape == (3, 2, 6)
    assert 0.0 < names["record"].stress[1, 0] < names["record"].stress[2, 0]


def test_a_network_at_points(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert results_of(code_blocks("python")[1])["update"].status.tolist() == [0] * 6


def results_of(block: str) -> dict:
    names: dict = {}
    exec(compile(block, "README.md", "exec"), names)
    return names


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", README))
def test_links_lead_somewhere(link):
    assert link.startswith("http") or (ROOT / link).exists()

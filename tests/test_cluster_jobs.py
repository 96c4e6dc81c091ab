"""The scripts of demos/cluster: their syntax, and what they start where, with fake launchers."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

CLUSTER = Path(__file__).resolve().parent.parent / "demos" / "cluster"
SCRIPTS = ["slurm.sh", "pbs.sh", "gpu_of_rank", "two_containers.sh"]

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")

# Of the manual of sbatch: the options in slurm.sh and what their values look like.
SBATCH = {
    "job-name": r"\w+",
    "nodes": r"\d+",
    "ntasks-per-node": r"\d+",
    "cpus-per-task": r"\d+",
    "mem-per-cpu": r"\d+[KMGT]",
    "time": r"\d\d:\d\d:\d\d",
    "signal": r"USR1@\d+",
    "requeue": None,
    "open-mode": r"append|truncate",
}


class Job:
    """A folder of a job with fake programs that note how they were called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder / "programs"
        self.programs.mkdir()
        self.calls = folder / "calls"

    def fake(self, name: str, body: str = "") -> None:
        """Put a program first on PATH that notes its arguments."""
        script = self.programs / name
        script.write_text(f'#!/bin/bash\necho "{name} $*" >>{self.calls}\n{body}\n')
        script.chmod(0o755)

    def start(self, script: str, *arguments: str, **variables: str) -> subprocess.Popen:
        """Start a script of demos/cluster in the folder."""
        return subprocess.Popen(
            ["bash", str(CLUSTER / script), *arguments],
            cwd=self.folder,
            env={"PATH": f"{self.programs}:{os.environ['PATH']}", **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, script: str, *arguments: str, **variables: str) -> tuple[int, list[str], str]:
        """Status of a script, the calls of the fakes, and all that was printed."""
        process = self.start(script, *arguments, **variables)
        output, messages = process.communicate(timeout=60)
        calls = self.calls.read_text().splitlines() if self.calls.exists() else []
        return process.returncode, calls, output + messages


@pytest.fixture
def job(tmp_path):
    return Job(tmp_path)


@pytest.mark.parametrize("script", SCRIPTS)
def test_syntax(script):
    subprocess.run(["bash", "-n", str(CLUSTER / script)], check=True, timeout=30)


def test_options_of_slurm():
    lines = re.findall(r"^#SBATCH (.*)$", (CLUSTER / "slurm.sh").read_text(), re.MULTILINE)
    assert len(lines) == len(SBATCH)
    for line in lines:
        name, _, value = line.removeprefix("--").partition("=")
        assert re.fullmatch(SBATCH[name] or "", value), line
    # Slurm reads options up to the first command only.
    text = (CLUSTER / "slurm.sh").read_text()
    assert text.rindex("#SBATCH") < text.index("set -euo")


def test_options_of_pbs():
    lines = re.findall(r"^#PBS (.*)$", (CLUSTER / "pbs.sh").read_text(), re.MULTILINE)
    options = dict(line.split(" ", 1) for line in lines if not line.startswith("-l"))
    resources = dict(line[3:].split("=", 1) for line in lines if line.startswith("-l"))
    assert options == {"-N": "dmn_fe", "-j": "oe"}
    assert re.fullmatch(r"\d+(:(ncpus|mpiprocs)=\d+|:mem=\d+gb)+", resources["select"])
    assert re.fullmatch(r"\d\d:\d\d:\d\d", resources["walltime"])


def test_slurm_goes_on_from_checkpoints_and_comes_back(job):
    job.fake("srun", "mkdir -p out/checkpoints/step_000001; exit 75")
    job.fake("scontrol")
    status, calls, _ = job.run("slurm.sh", "case.toml", "out", SLURM_JOB_ID="17")
    assert status == 0
    assert calls == [
        "srun --mpi=pmix dmn-fe run case.toml --output out",
        "scontrol requeue 17",
    ]
    job.calls.unlink()
    job.fake("srun", "exit 75")
    status, calls, words = job.run("slurm.sh", "case.toml", "out", SLURM_JOB_ID="17")
    assert status == 75  # nor does one that has not gone on
    assert calls == ["srun --mpi=pmix dmn-fe run case.toml --output out --restart"]
    assert words == "no step was finished in the time of this job; give the next one more.\n"
    job.calls.unlink()
    job.fake("srun", "exit 1")
    status, calls, _ = job.run("slurm.sh", "case.toml", "out", SLURM_JOB_ID="17")
    assert status == 1  # a run that failed does not come back
    assert calls == ["srun --mpi=pmix dmn-fe run case.toml --output out --restart"]
    assert job.run("slurm.sh", "case.toml")[0] == 2


def test_pbs_goes_on_from_checkpoints_and_comes_back(job):
    nodes = job.folder / "nodes"
    nodes.write_text("one\none\ntwo\ntwo\n")
    job.fake("mpirun", "mkdir -p out/checkpoints/step_000001; exit 75")
    job.fake("qsub")
    variables = {"PBS_NODEFILE": str(nodes), "PBS_O_WORKDIR": str(job.folder)}
    status, calls, _ = job.run("pbs.sh", CASE="case.toml", FOLDER="out", **variables)
    assert status == 0
    assert calls == [
        f"mpirun -n 4 --hostfile {nodes} -x OMP_NUM_THREADS -x PATH -x LD_LIBRARY_PATH "
        "dmn-fe run case.toml --output out",
        f"qsub -v CASE=case.toml,FOLDER=out {job.folder}/pbs.sh",
    ]
    job.calls.unlink()
    job.fake("mpirun", "exit 75")
    status, (call,), words = job.run("pbs.sh", CASE="case.toml", FOLDER="out", **variables)
    assert status == 75
    assert call.endswith(" --output out --restart")
    assert "no step was finished in the time of this job" in words
    assert job.run("pbs.sh", **variables)[0] == 2


@pytest.mark.parametrize(
    ("ranks", "count", "named"), [(8, 2, ""), (4, 4, ""), (3, 2, ""), (2, 2, "of the job")]
)
def test_ranks_share_the_gpus_of_a_node(job, ranks, count, named):
    visible = {"": {}, "of the job": {"CUDA_VISIBLE_DEVICES": "4,6"}}[named]
    gpus = ["4", "6"] if named else [f"GPU-{k}a-b" for k in range(count)]
    job.fake("nvidia-smi", f"printf '%s\\n' {' '.join(gpus)}")
    job.fake("nvidia-cuda-mps-control", '[[ $# -gt 0 ]] || echo "mps $(cat)" >>' + str(job.calls))
    started = [
        job.start(
            "gpu_of_rank",
            *("bash", "-c", "echo $CUDA_VISIBLE_DEVICES; sleep 0.5"),
            SLURM_LOCALID=str(rank),
            SLURM_NTASKS_PER_NODE=str(ranks),
            SLURM_JOB_ID="17",
            TMPDIR=str(job.folder),
            **visible,
        )
        for rank in range(ranks)
    ]
    taken = [gpus.index(process.communicate(timeout=60)[0].strip()) for process in started]
    assert [process.returncode for process in started] == [0] * ranks
    assert taken == sorted(taken)
    counts = np.bincount(taken, minlength=count)
    assert counts.max() - counts.min() <= 1
    calls = job.calls.read_text().splitlines() if job.calls.exists() else []
    # The service runs once, if ranks share GPUs, and ends with the job.
    expected = ["nvidia-cuda-mps-control -d", "nvidia-cuda-mps-control ", "mps quit"]
    mps = [call for call in calls if "mps" in call]
    assert mps == (expected if ranks > count else [])
    assert not list(job.folder.glob("mps-*"))


def test_the_service_of_a_job_counts_its_gpus_from_zero(job):
    job.fake("nvidia-smi")
    job.fake("nvidia-cuda-mps-control")
    rank = {"SLURM_LOCALID": "0", "SLURM_NTASKS_PER_NODE": "4", "TMPDIR": str(job.folder)}
    call = ["gpu_of_rank", "bash", "-c", "echo $CUDA_VISIBLE_DEVICES"]
    assert job.run(*call, CUDA_VISIBLE_DEVICES="4,6", **rank)[2] == "0\n"


def test_signals_reach_the_command_of_a_rank(job):
    job.fake("nvidia-smi", "echo GPU 0")
    script = "trap 'exit 75' USR1; touch started; while :; do sleep 0.05; done"
    rank = {"OMPI_COMM_WORLD_LOCAL_RANK": "0", "OMPI_COMM_WORLD_LOCAL_SIZE": "1"}
    process = job.start("gpu_of_rank", "bash", "-c", script, **rank)
    deadline = time.monotonic() + 30
    while not (job.folder / "started").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGUSR1)
    process.communicate(timeout=30)
    assert process.returncode == 75


def test_gpus_or_launchers_that_are_not_there(job):
    status, _, words = job.run("gpu_of_rank", "true")
    assert (status, words.count("\n")) == (2, 1)
    assert "which rank of the node this is cannot be told; start it by srun, with" in words
    job.fake("nvidia-smi", "exit 9")
    status, _, words = job.run(
        "gpu_of_rank", "true", SLURM_LOCALID="0", SLURM_NTASKS_PER_NODE="1", HOSTNAME="node7"
    )
    assert status == 1
    assert words == "gpu_of_rank: there is no GPU on node7.\n"


def test_reactions_are_compared(tmp_path):
    names = "step,time,loaded u1,loaded F1\n"
    forces = {"one": 100.0, "two": 100.0 * (1 + 5e-11), "far": 100.1, "none": float("nan")}
    for name, force in forces.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "reactions.csv").write_text(f"{names}0,0,0,0\n1,1,2.0,{force!r}\n")
    (tmp_path / "short").mkdir()
    (tmp_path / "short" / "reactions.csv").write_text(f"{names}0,0,0,0\n")

    def compared(first: str, second: str) -> tuple[int, str]:
        call = [sys.executable, str(CLUSTER / "compare_reactions.py"), first, second]
        done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    status, words = compared("two", "one")
    assert status == 0
    assert "largest difference of a force: 5.0e-11 of the largest" in words
    for wrong in ("far", "none"):
        status, words = compared(wrong, "one")
        assert status == 1
        assert f"{wrong} and one differ by more than 1e-10." in words
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "reactions.csv").write_text("step,time,held u1,held F1\n0,0,0,0\n")
    assert compared("other", "one")[1] == "other and one have the reactions of other surfaces.\n"
    status, words = compared("short", "one")
    assert status == 1
    assert words == "short has 0 steps, one has 1.\n"

"""docker/node: what the head of a cluster of containers starts where, with fake ssh and mpirun."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.sandbox import PROJECT, hear_interrupts

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or shutil.which("flock") is None,
    reason="nodes run Linux",
)


class Head:
    """A copy of docker/node whose folders are below a folder of ours, and workers as files: what
    `ssh` finds on each is in a file of its address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs, self.workers = folder / "programs", folder / "cluster" / "workers"
        self.home, self.remote = folder / "home", folder / "remote"
        for path in (self.programs, self.workers, self.home / ".ssh", self.remote):
            path.mkdir(parents=True)
        (folder / "identity").write_text("ours\n")
        text = (PROJECT / "docker" / "node").read_text()
        ours = {
            "/opt/dmn_fe/identity": f"{folder}/identity",
            "/cluster/": f"{folder}/cluster/",
            "/tmp/": f"{folder}/",
        }
        text, count = re.subn("|".join(ours), lambda found: ours[found[0]], text)
        assert count > len(ours)
        self.script = folder / "node"
        self.script.write_text(text)
        self.fake("ssh", f'echo "ssh $*" >>{folder}/calls; cat {self.remote}/$1')
        self.fake_mpirun("mpirun (Open MPI) 5.0.7")

    def fake(self, name: str, body: str) -> None:
        """Put a program first on PATH."""
        path = self.programs / name
        path.write_text(f"#!/bin/bash\n{body}\n")
        path.chmod(0o755)

    def fake_mpirun(self, version: str, body: str = "exit 7") -> None:
        """An mpirun that notes its arguments and its host file."""
        self.fake(
            "mpirun",
            f'if [[ $1 == --version ]]; then echo "{version}"; exit; fi\n'
            f'echo "mpirun $*" >>{self.folder}/calls\n{body}',
        )

    def add_worker(self, name: str, address: str, slots: int, identity: str = "ours") -> None:
        """A worker that answers."""
        (self.workers / name).write_text(f"{address} {slots} ssh-ed25519 KEY{name}\n")
        (self.remote / address).write_text(f"{identity}\n")

    def start(self, *arguments: str) -> subprocess.Popen:
        """Start docker/node."""
        return subprocess.Popen(
            ["bash", str(self.script), *arguments],
            cwd=self.folder,
            env={"PATH": f"{self.programs}:{os.environ['PATH']}", "HOME": str(self.home)},
            preexec_fn=hear_interrupts,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def call(self, *arguments: str) -> tuple[int, str]:
        """Status and all that was printed."""
        process = self.start(*arguments)
        output, messages = process.communicate(timeout=60)
        return process.returncode, output + messages

    def mpiruns(self) -> list[str]:
        """How mpirun was called."""
        lines = (self.folder / "calls").read_text().splitlines()
        return [line for line in lines if line.startswith("mpirun")]

    def hosts(self) -> list[str]:
        """The host file."""
        return (self.folder / "hosts").read_text().splitlines()


@pytest.fixture
def head(tmp_path):
    head = Head(tmp_path)
    head.add_worker("a", "10.0.0.2", 2)
    head.add_worker("b", "10.0.0.3", 1)
    return head


def test_ranks_are_started_on_the_workers_that_answer(head):
    assert head.call("run", "3", "dmn-fe", "run", "a b.toml") == (7, "")
    assert head.hosts() == ["10.0.0.2 slots=2", "10.0.0.3 slots=1"]
    (call,) = head.mpiruns()
    assert call.startswith(f"mpirun -n 3 --hostfile {head.folder}/hosts --wdir {head.folder} ")
    assert call.endswith(" dmn-fe run a b.toml")
    known = (head.home / ".ssh" / "known_hosts").read_text().splitlines()
    assert known == ["[10.0.0.2]:2222 ssh-ed25519 KEYa", "[10.0.0.3]:2222 ssh-ed25519 KEYb"]
    assert not (head.folder / "job.pid").exists()


def test_ranks_of_mpich(head):
    head.fake_mpirun("HYDRA build details", "exit 0")
    assert head.call("run", "2", "true") == (0, "")
    (call,) = head.mpiruns()
    assert f"mpirun -n 2 -f {head.folder}/hosts.mpich -wdir {head.folder} " in call
    assert (head.folder / "hosts.mpich").read_text() == "10.0.0.2:2\n10.0.0.3:1\n"


def test_a_worker_that_does_not_answer_is_left_out(head):
    (head.remote / "10.0.0.2").unlink()
    status, words = head.call("run", "1", "true")
    assert (status, words) == (
        7,
        "dmn_fe: worker a (10.0.0.2) cannot be reached; it is left out.\n",
    )
    assert head.hosts() == ["10.0.0.3 slots=1"]
    status, words = head.call("run", "2", "true")
    assert status == 1
    assert "2 rank(s) are more than the 1 that the workers take; give fewer, or start" in words
    assert len(head.mpiruns()) == 1
    assert head.call("ready", "1")[0] == 0
    assert head.call("ready", "2")[0] == 1


def test_no_worker_answers(head):
    for address in ("10.0.0.2", "10.0.0.3"):
        (head.remote / address).unlink()
    status, words = head.call("run", "1", "true")
    assert status == 1
    assert "no worker answers; end the cluster and start it anew." in words
    assert head.mpiruns() == []


def test_ranks_that_share_cores_do_not_wait_at_full_speed(head):
    head.add_worker("many", "10.0.0.9", 1000)
    cores = len(os.sched_getaffinity(0))
    for ranks, yields in (cores, False), (cores + 1, True):
        head.call("run", str(ranks), "true")
        assert ("--mca mpi_yield_when_idle 1" in head.mpiruns()[-1]) == yields


def test_a_worker_of_another_image_is_refused(head):
    head.add_worker("c", "10.0.0.4", 1, "theirs")
    status, words = head.call("run", "1", "true")
    assert status == 1
    assert "worker c is of image theirs, this head of image ours; end the cluster" in words
    assert head.mpiruns() == []


@pytest.mark.parametrize("status_of_mpirun", [0, 255])
def test_a_worker_that_ends_during_a_run_is_told(head, status_of_mpirun):
    lost = head.remote / "10.0.0.3"
    head.fake_mpirun("mpirun (Open MPI) 5.0.7", f"rm {lost}; exit {status_of_mpirun}")
    status, words = head.call("run", "3", "true")
    assert status == (status_of_mpirun or 1)
    assert "a worker has ended; 2 rank(s) are left to go on with." in words


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} is not there"
        time.sleep(0.02)


def endless_job(head, traps: str) -> subprocess.Popen:
    """A job that runs, and ends by its traps of the shell alone."""
    started = head.folder / "started"
    head.fake_mpirun(
        "mpirun (Open MPI) 5.0.7", f"{traps}; touch {started}; while :; do sleep 0.05; done"
    )
    job = head.start("run", "1", "dmn-fe")
    wait_for(started)
    return job


def test_one_job_at_a_time_which_hears_signals(head):
    job = endless_job(head, "trap 'exit 75' USR1")
    status, words = head.call("run", "1", "true")
    assert status == 1
    assert "a job runs on this cluster already; wait for its end, or stop it." in words
    assert head.call("stop") == (0, "")
    job.communicate(timeout=30)
    assert job.returncode == 75


def test_a_job_that_does_not_stop_is_ended_the_second_time(head):
    job = endless_job(head, "trap '' USR1; trap 'exit 143' TERM")
    assert head.call("stop") == (0, "")
    time.sleep(0.3)
    assert job.poll() is None
    assert head.call("stop") == (0, "")
    job.communicate(timeout=30)
    assert job.returncode == 143


@pytest.mark.parametrize("how", ["terminal", "node interrupt"])
def test_an_interrupt_is_told(head, how):
    job = endless_job(head, "trap 'exit 1' TERM")
    if how == "terminal":
        job.send_signal(signal.SIGINT)
    else:
        assert head.call("interrupt") == (0, "")
    _, words = job.communicate(timeout=30)
    assert job.returncode == 130
    assert words == "\ndmn_fe: interrupted; a run of dmn-fe goes on with --restart.\n"


def test_a_job_that_hangs_is_ended_by_a_second_interrupt(head):
    job = endless_job(head, "trap '' TERM INT")
    assert head.call("interrupt") == (0, "")
    time.sleep(0.3)
    assert job.poll() is None
    assert head.call("interrupt") == (0, "")
    _, words = job.communicate(timeout=30)
    assert job.returncode == 130
    assert "dmn_fe: interrupted; a run of dmn-fe goes on with --restart.\n" in words


def test_a_signal_before_the_start_is_heard(head):
    asked = head.folder / "answering"
    head.fake("ssh", f"touch {asked}; sleep 1; cat {head.remote}/$1")
    job = head.start("run", "1", "true")
    wait_for(asked)
    assert head.call("stop") == (0, "")
    _, words = job.communicate(timeout=30)
    assert job.returncode == 1
    assert "the job was stopped before it had started." in words
    assert not (head.folder / "calls").exists()
    # The next one starts.
    assert head.call("run", "1", "true")[0] == 7

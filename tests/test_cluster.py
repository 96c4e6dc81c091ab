"""docker/cluster: what it starts, refuses and hands over, with an engine that only takes notes."""

import os
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest
from helpers.sandbox import Sandbox

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or shutil.which("flock") is None,
    reason="docker/cluster is for Linux",
)
OWNER = (1234, 1235)
INSIDE = "/work"  # where the nodes see the folder

# Notes each call.  A container runs while its file is in the folder; `compose up` makes the files,
# `compose down` and `rm` remove them.  The file of a worker that fails makes `node ready` fail.
ENGINE = r"""
printf '%s\n' "$*" >>"$NOTES/calls"
case "$*" in
    "compose version") exit 0 ;;
    compose*" up "*)
        [[ ! -e $NOTES/up_fails ]] || { echo "Error: port 2222 is in use" >&2; exit 1; }
        touch "$NOTES"/node_head; env | grep DMN_FE_ | sort >"$NOTES/variables"
        for n in $(seq "$DMN_FE_WORKERS"); do touch "$NOTES/node_worker$n"; done ;;
    compose*" down "*) rm -f "$NOTES"/node_* ;;
    "image inspect dmn_fe") [[ ! -e $NOTES/no_image ]] ;;
    "image inspect"* | pull*) [[ ! -e $NOTES/no_base ]] ;;
    build*) rm -f "$NOTES/no_image" ;;
    *"node ready"*) [[ ! -e $NOTES/unreachable ]] ;;
    *"node run"*)
        touch "$NOTES/started"
        while [[ -e $NOTES/long ]]; do sleep 0.1; done
        exit 5 ;;
    *"node stop"* | *"node interrupt"*) rm -f "$NOTES/long" ;;
    logs*) echo "sshd did not start" ;;
    ps*service=head*) [[ ! -e $NOTES/node_head ]] || echo head_1 ;;
    ps*service=worker*) for f in "$NOTES"/node_worker*; do [[ ! -e $f ]] || echo worker; done ;;
    ps*--quiet*) [[ ! -e $NOTES/foreign ]] || echo id1 ;;
    rm*) rm -f "$NOTES/foreign" ;;
esac
"""


class Cluster(Sandbox):
    """A sandbox with a folder that nodes may see, and an engine that takes notes in another."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.notes = folder / "notes"
        self.notes.mkdir()
        self.fake("docker", ENGINE)
        self.folder_of_nodes = self.project / "case"
        self.folder_of_nodes.mkdir()
        if os.geteuid() == 0:
            os.chown(self.folder_of_nodes, *OWNER)

    def begin(self, *arguments: str, **variables: str):
        """Start docker/cluster in the folder of the nodes."""
        return self.start(
            *arguments,
            script="cluster",
            cwd=self.folder_of_nodes,
            NOTES=str(self.notes),
            **variables,
        )

    def call(self, *arguments: str, **variables: str) -> tuple[int, str]:
        """Status and messages of docker/cluster, which prints nothing else here."""
        process = self.begin(*arguments, **variables)
        output, messages = process.communicate(timeout=60)
        return process.returncode, output + messages

    def note(self, name: str) -> Path:
        """Tell the engine how to behave."""
        path = self.notes / name
        path.touch()
        return path

    def calls(self, word: str) -> list[str]:
        """Calls of the engine that hold a word."""
        path = self.notes / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if word in line.split()]

    def running(self) -> list[str]:
        """Nodes that run."""
        return sorted(path.name for path in self.notes.glob("node_*"))

    def known(self) -> list[str]:
        """What docker/cluster knows of clusters that are up."""
        return sorted(path.name for path in (self.cache / "dmn_fe").glob("cluster*"))


@pytest.fixture
def cluster(tmp_path):
    return Cluster(tmp_path)


def test_up_run_and_down(cluster):
    status, words = cluster.call("up", "--workers", "3", "--slots", "2")
    assert status == 0, words
    assert "3 workers of 2 rank(s) are up" in words
    assert cluster.running() == ["node_head", "node_worker1", "node_worker2", "node_worker3"]
    variables = (cluster.notes / "variables").read_text().splitlines()
    owner = cluster.folder_of_nodes.stat()
    user = f"{owner.st_uid}:{owner.st_gid}"
    assert {"DMN_FE_SLOTS=2", "DMN_FE_WORKERS=3", f"DMN_FE_USER={user}"} <= set(variables)
    assert f"DMN_FE_FOLDER={cluster.folder_of_nodes}" in variables
    passwd = (cluster.cache / "dmn_fe" / "cluster.passwd").read_text()
    assert f"dmn_fe:x:{user}:" in passwd

    assert cluster.call("run", "-n", "6", "dmn-fe", "run", "a b.toml")[0] == 5
    (run,) = cluster.calls("run")
    assert run == (
        f"exec --workdir {INSIDE} head_1 /opt/dmn_fe/docker/node run 6 dmn-fe run a b.toml"
    )

    assert cluster.call("down") == (0, "")
    assert (cluster.running(), cluster.known()) == ([], [])


def test_a_second_cluster_needs_a_name(cluster):
    assert cluster.call("up")[0] == 0
    status, words = cluster.call("up")
    assert status == 1
    assert words.startswith("docker/cluster: a cluster is up already, in ")
    assert len(cluster.calls("up")) == 1
    assert cluster.call("up", DMN_FE_CLUSTER="second")[0] == 0
    projects = {call.split()[2] for call in cluster.calls("up")}
    assert len(projects) == 2
    assert cluster.call("down")[0] == 0
    assert cluster.known() == ["cluster-second", "cluster-second.passwd"]


def test_down_removes_what_compose_leaves_and_nothing_else(cluster):
    assert cluster.call("up")[0] == 0
    cluster.note("foreign")
    assert cluster.call("down") == (0, "")
    (project,) = {call.split()[2] for call in cluster.calls("down")}
    assert f"label=dmn_fe.cluster={project}" in " ".join(cluster.calls("--quiet")).split()
    assert cluster.calls("rm") == ["rm --force id1"]


def test_down_and_others_without_a_cluster(cluster):
    for call in (["down"], ["status"], ["stop"], ["run", "-n", "1", "true"]):
        assert cluster.call(*call) == (
            1,
            "docker/cluster: no cluster is up; 'docker/cluster up' starts one.\n",
        )


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ([], 2, "a command is missing.\nusage: docker/cluster up"),
        (["start"], 2, "there is no command 'start'.\nusage: docker/cluster up"),
        (["down", "now"], 2, "down takes no arguments.\nusage: docker/cluster up"),
        (["--help"], 0, "usage: docker/cluster up"),
        (["up", "--workers"], 2, "--workers needs a value.\nusage: docker/cluster up"),
        (["up", "--ranks", "3"], 2, "up has no option '--ranks'.\nusage: docker/cluster up"),
        (["run", "dmn-fe"], 2, "run needs -n RANKS and a command.\nusage: docker/cluster up"),
        (["up", "--workers", "0"], 2, "--workers '0' must be a number from 1 to 9999."),
        (["up", "--slots", "two"], 2, "--slots 'two' must be a number from 1 to 9999."),
        (["run", "-n", "-1", "true"], 2, "-n '-1' must be a number from 1 to 9999."),
        (["up", "--folder", "nowhere"], 2, "--folder nowhere is no folder."),
        (["up", "--workers", "9999"], 1, "9999 workers of 1 ranks need 6999300 MB of memory"),
    ],
)
def test_wrong_use_starts_nothing(cluster, arguments, status, words):
    found, told = cluster.call(*arguments)
    assert found == status
    assert words in told
    assert cluster.calls("up") == cluster.known() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes folders of root")
def test_a_folder_of_root_is_refused(cluster):
    os.chown(cluster.folder_of_nodes, 0, 0)
    status, words = cluster.call("up")
    assert status == 1
    assert "belongs to root, and no container runs as root" in words


def test_no_engine_or_no_compose(cluster):
    cluster.fake("podman", "[[ $1 == info ]]")
    path = f"{cluster.programs}:/usr/bin:/bin"  # no podman-compose of this machine
    cluster.fake("docker", "exit 1")
    assert (
        "podman-compose is not installed; 'pipx install podman-compose' brings it"
        in cluster.call("up", PATH=path)[1]
    )
    cluster.fake("podman", "exit 1")
    status, words = cluster.call("up")
    assert (status, words.count("\n")) == (1, 1)
    assert "no Docker or Podman answers; install one of them, or start its service." in words


def test_missing_image_is_built_if_there_is_a_base_and_room(cluster):
    missing = cluster.note("no_image")
    base = cluster.note("no_base")
    status, words = cluster.call("up")
    assert status == 1
    assert "docker has no image debian:trixie-slim and cannot pull it" in words.splitlines()[-1]
    assert cluster.known() == []
    base.unlink()
    cluster.fake("df", "printf 'Avail\\n3000\\n'")
    store = cluster.folder / "store"
    store.mkdir()
    full = ENGINE.replace("case", f"[[ $1 != info ]] || echo {store}\ncase", 1)
    cluster.fake("docker", full)
    status, words = cluster.call("up")
    assert (status, words.count("\n")) == (1, 1)
    assert f"needs 8 GB in {store}, where 2 GB are free" in words
    assert cluster.running() == cluster.known() == []
    (cluster.programs / "df").unlink()
    cluster.fake("docker", ENGINE)
    assert cluster.call("up")[0] == 0
    assert not missing.exists()
    (build,) = cluster.calls("build")
    assert "--target dmn_fe --build-arg BASE=debian:trixie-slim --tag dmn_fe" in build


def test_nothing_is_left_of_a_start_that_fails(cluster):
    failure = cluster.note("up_fails")
    status, words = cluster.call("up")
    assert status == 1
    assert "could not be started: Error: port 2222 is in use; all words are in " in words
    assert (cluster.running(), cluster.known()) == ([], [])
    failure.unlink()
    cluster.note("unreachable")
    # Two workers are asked for and one is there: no need to wait for the other.
    cluster.fake("docker", ENGINE.replace('seq "$DMN_FE_WORKERS"', "seq 1"))
    status, words = cluster.call("up")
    assert status == 1
    assert "not all of the 2 workers can be reached; the last of them said: sshd did not" in words
    assert (cluster.running(), cluster.known()) == ([], [])


def test_run_from_a_folder_that_the_nodes_do_not_see(cluster):
    assert cluster.call("up")[0] == 0
    process = cluster.start(
        "run", "-n", "1", "true", script="cluster", cwd=cluster.folder, NOTES=str(cluster.notes)
    )
    _, words = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"the nodes see {cluster.folder_of_nodes}, not {cluster.folder}" in words


@pytest.mark.parametrize(
    ("asked", "verb"),
    [
        (signal.SIGTERM, "stop"),
        (signal.SIGUSR1, "stop"),
        (signal.SIGINT, "interrupt"),
        (signal.SIGHUP, "interrupt"),
        (None, "stop"),
    ],
)
def test_signals_are_handed_to_the_job(cluster, asked, verb):
    assert cluster.call("up")[0] == 0
    cluster.note("long")
    process = cluster.begin("run", "-n", "2", "dmn-fe", "run", "case.toml")
    deadline = time.monotonic() + 30
    while not (cluster.notes / "started").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    if asked is None:
        assert cluster.call("stop") == (0, "")
    else:
        process.send_signal(asked)
    process.communicate(timeout=30)
    assert process.returncode == 5  # of the job, which ended in its own time
    (sent,) = cluster.calls(verb)
    assert sent == f"exec head_1 /opt/dmn_fe/docker/node {verb}"


def test_a_folder_behind_a_link(cluster):
    (cluster.folder_of_nodes / "sub folder").mkdir()
    link = cluster.folder / "link"
    link.symlink_to(cluster.folder_of_nodes)
    assert cluster.call("up")[0] == 0
    call = ["run", "-n", "2", "true"]
    process = cluster.start(
        *call, script="cluster", cwd=link / "sub folder", NOTES=str(cluster.notes)
    )
    assert process.wait(timeout=60) == 5
    (run,) = cluster.calls("run")
    assert run.startswith(f"exec --workdir {INSIDE}/sub folder head_1 ")


def test_two_starts_at_once_make_one_cluster(cluster):
    cluster.fake("docker", ENGINE.replace('compose*" up "*)', 'compose*" up "*) sleep 1'))
    both = [cluster.begin("up") for _ in range(2)]
    words = [process.communicate(timeout=60)[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 1]
    assert any("the cluster is being started" in told or "is up already" in told for told in words)
    assert len(cluster.calls("up")) == 1
    assert cluster.call("down")[0] == 0
    assert cluster.known() == []


def test_down_that_fails_is_told_and_may_be_called_again(cluster):
    assert cluster.call("up")[0] == 0
    failing = ENGINE.replace('compose*" down "*)', 'compose*" down "*) echo Error: busy; exit 1;')
    cluster.fake("docker", failing)
    status, words = cluster.call("down")
    assert status == 1
    assert "not all of the cluster could be removed: Error: busy; 'docker/cluster down'" in words
    cluster.fake("docker", ENGINE)
    assert cluster.call("down") == (0, "")
    assert cluster.known() == []


def test_down_goes_on_where_a_node_cannot_be_removed_at_first(cluster):
    assert cluster.call("up")[0] == 0
    cluster.note("foreign")
    cluster.fake(
        "docker", ENGINE.replace('rm -f "$NOTES/foreign"', 'echo "Error: busy" >&2; exit 1')
    )
    assert cluster.call("down") == (0, "")
    assert len(cluster.calls("down")) == 2
    assert cluster.known() == []


def test_more_ranks_than_cores_are_told(cluster):
    cores = len(os.sched_getaffinity(0))
    words = cluster.call("up", "--workers", str(cores))[1]
    assert "take turns" not in words
    cluster.call("down")
    words = cluster.call("up", "--workers", str(cores + 1))[1]
    assert f"more ranks than the {cores} cores here take turns, which is slow." in words


def test_a_head_that_ends_during_a_run(cluster):
    assert cluster.call("up")[0] == 0
    ends = ENGINE.replace("exit 5 ;;", 'rm "$NOTES/node_head"; exit 137 ;;')
    cluster.fake("docker", ends)
    status, words = cluster.call("run", "-n", "2", "true")
    assert status == 137
    assert "the head of the cluster has ended; 'docker/cluster down' ends the rest." in words


def test_a_head_that_has_ended(cluster):
    assert cluster.call("up")[0] == 0
    (cluster.notes / "node_head").unlink()
    status, words = cluster.call("run", "-n", "2", "true")
    assert status == 1
    assert "the head of the cluster does not run; 'docker/cluster down' ends the rest." in words

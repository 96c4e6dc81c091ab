"""docker/run: what it takes, what it refuses, and what an interrupted build leaves."""

import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.sandbox import PROJECT, Sandbox

NOBODY = 65534

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or shutil.which("flock") is None,
    reason="docker/run is for Linux",
)


def may_mount() -> bool:
    """Return whether this process can do what tree mode does (root with the right to mount)."""
    probe = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "true"]
    return os.geteuid() == 0 and subprocess.run(probe, capture_output=True).returncode == 0


@pytest.fixture
def sandbox(tmp_path):
    return Sandbox(tmp_path)


def fake_dolfinx(folder: Path, body: str) -> str:
    """Write a module `dolfinx` and return the folder to put on PYTHONPATH."""
    (folder / "modules").mkdir()
    (folder / "modules" / "dolfinx.py").write_text(body)
    return str(folder / "modules")


def test_no_command_prints_the_usage(sandbox):
    status, output, messages = sandbox.run()
    assert (status, output) == (2, "")
    assert messages.startswith("usage: docker/run COMMAND")


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"DMN_FE_ENV": "conda"}, "DMN_FE_ENV=conda is none of native, apt, docker, tree."),
        ({"DMN_FE_SUITE": "buster"}, "DMN_FE_SUITE=buster is neither trixie nor sid."),
        ({"XDG_CACHE_HOME": "cache"}, "XDG_CACHE_HOME=cache is not an absolute path."),
    ],
)
def test_wrong_setting_is_one_sentence(sandbox, variables, sentence):
    assert sandbox.run("true", **variables) == (2, "", f"docker/run: {sentence}\n")


def test_old_dolfinx_is_refused(sandbox):
    modules = fake_dolfinx(sandbox.folder, "__version__ = '0.8.0.post1'")
    status, _, messages = sandbox.run("true", DMN_FE_ENV="native", PYTHONPATH=modules)
    assert status == 1
    assert messages.startswith("docker/run: DMN_FE_ENV=native cannot work here: python3 (")
    assert messages.endswith(" has DOLFINx 0.8.0.post1, older than 0.9.\n")
    assert messages.count("\n") == 1


def test_where_nothing_works_it_says_what_to_install(sandbox):
    modules = fake_dolfinx(sandbox.folder, "raise ImportError")
    for engine in ("docker", "podman"):
        sandbox.fake(engine, "exit 1")
    command = [str(sandbox.project / "docker" / "run"), "true"]
    if os.geteuid() == 0:
        # pytest's folders are closed to others
        for path in (sandbox.folder, *sandbox.folder.parents[:2]):
            path.chmod(path.stat().st_mode | 0o055)
        sandbox.cache.chmod(0o777)
        command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]
    variables = {
        "PATH": f"{sandbox.programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "XDG_CACHE_HOME": str(sandbox.cache),
        "PYTHONPATH": modules,
    }
    outcome = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60)
    assert outcome.returncode == 1
    for reason in ("native: ", "apt: ", "docker: no docker or podman answers", "tree: "):
        assert reason in outcome.stderr
    assert "conda install -c conda-forge fenics-dolfinx" in outcome.stderr
    assert outcome.stderr.count("\n") == 1


def test_native_runs_the_command_over_the_current_python(sandbox):
    pytest.importorskip("dolfinx")
    script = "import dolfinx, dmn_fe, os, sys; print(sys.prefix, os.getcwd()); sys.exit(7)"
    call = ("python3", "-c", script)
    # The project itself, because the copy in the sandbox has no package to install.
    status, output, messages = sandbox.run(*call, project=PROJECT, DMN_FE_ENV="native")
    assert status == 7, messages
    prefix, folder = output.split()
    assert Path(prefix).is_relative_to(sandbox.cache)
    assert Path(folder) == sandbox.project
    assert "taking native" in messages

    # The second call builds nothing, and the project's commands are on PATH.
    assert sandbox.run(*call, project=PROJECT, DMN_FE_ENV="native") == (7, output, "")
    where = sandbox.run("which", "dmn-fe", "pytest", project=PROJECT, DMN_FE_ENV="native")
    assert where == (0, f"{prefix}/bin/dmn-fe\n{prefix}/bin/pytest\n", "")


@pytest.mark.skipif(not may_mount(), reason="tree mode needs root and the right to mount")
def test_interrupted_tree_leaves_nothing_finished(sandbox):
    sandbox.fake("mmdebstrap", 'mkdir -p "${@: -1}/etc"; echo half >"${@: -1}/etc/x"; sleep 300')
    process = sandbox.start("true", DMN_FE_ENV="tree")
    cache = sandbox.cache / "dmn_fe"
    deadline = time.monotonic() + 30
    while not list(cache.glob("tree-*/etc/x")):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline, "the fake mmdebstrap was not started"
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    # Its pipes close when the last process of the build has ended with it.
    process.communicate(timeout=30)
    assert sandbox.finished() == []

    sandbox.fake("mmdebstrap", "echo 'E: no route to the mirror' >&2; exit 25")
    status, _, messages = sandbox.run("true", DMN_FE_ENV="tree")
    assert status == 1
    assert "mmdebstrap failed: E: no route to the mirror; " in messages.splitlines()[-1]
    assert list(cache.glob("tree-*")) == []  # what the first call left is gone
    assert sandbox.finished() == []


def test_docker_gets_folders_user_and_command(sandbox):
    log = sandbox.folder / "log"
    sandbox.fake(
        "docker",
        f'printf "%s\\n" "$@" >"{log}.$1"\n'
        "case $1 in run) [[ ${@: -1} == command ]] && exit 5 || exit 0 ;; esac",
    )
    call = {"DMN_FE_ENV": "docker", "DMN_FE_ANY": "a b", "SECRET": "x"}
    assert sandbox.run("my", "command", **call)[0] == 5
    built = Path(f"{log}.build").read_text().splitlines()
    assert "BASE=debian:trixie-slim" in built
    assert ("--target", "development") in itertools.pairwise(built)
    arguments = Path(f"{log}.run").read_text().splitlines()
    assert arguments[-2:] == ["my", "command"]
    for option, value in [
        ("--user", f"{os.geteuid()}:{os.getegid()}"),
        ("--workdir", str(sandbox.project)),
        ("--volume", f"{sandbox.project}:{sandbox.project}"),
        ("--env", "DMN_FE_ANY=a b"),
        ("--env", "OMP_NUM_THREADS=" + os.environ.get("OMP_NUM_THREADS", "1")),
    ]:
        assert (option, value) in itertools.pairwise(arguments)
    assert "SECRET=x" not in arguments


def test_failed_image_is_not_remembered(sandbox):
    sandbox.fake("docker", "case $1 in build) echo 'Error: no space left' >&2; exit 1 ;; esac")
    status, _, messages = sandbox.run("true", DMN_FE_ENV="docker")
    assert status == 1
    assert "docker build failed: Error: no space left; " in messages.splitlines()[-1]
    assert sandbox.finished() == []


def test_docker_without_a_base_image_is_left_aside(sandbox):
    sandbox.fake("docker", "case $1 in image | pull) exit 1 ;; esac")
    status, _, messages = sandbox.run("true", DMN_FE_ENV="docker")
    assert status == 1
    assert messages.splitlines()[0].endswith("fetching the image debian:trixie-slim with docker")
    (sentence,) = messages.splitlines()[1:]
    assert sentence.endswith("docker has no image debian:trixie-slim and cannot pull it.")


def test_one_list_of_packages_serves_image_and_system(sandbox):
    if not Path("/var/cache/apt/archives").is_dir():
        pytest.skip("no apt here")
    log = sandbox.folder / "log"
    sandbox.fake("apt-get", f'[[ " $* " == *" --print-uris "* ]] || printf "%s\\n" "$@" >"{log}"')
    script = sandbox.project / "docker" / "install-packages"
    path = f"{sandbox.programs}:{os.environ['PATH']}"
    call = [script, "--without", "python3-torch", "simulation", "container"]
    subprocess.run(call, env={"PATH": path}, check=True, timeout=60)
    arguments = log.read_text().splitlines()
    installed = arguments[arguments.index("install") + 1 :]
    assert {"python3-dolfinx-real", "openmpi-bin", "tini", "openssh-server"} <= set(installed)
    assert not {"python3-torch", "python3-pytest"} & set(installed)
    assert all(name.replace("-", "").replace("+", "").isalnum() for name in installed)


@pytest.mark.parametrize("folder", ["/", "/usr", "/usr/lib/x", "/etc", "/lib64/x", "/var", "/dev"])
def test_system_folder_cannot_be_the_callers(sandbox, folder):
    outcome = source_common(sandbox, "refuse_folder", folder)
    assert outcome.returncode == 2
    assert f"{folder} is a folder of the system" in outcome.stderr


@pytest.mark.parametrize("folder", ["/home/me", "/root", "/usr/local/src/x", "/var/tmp/x", "/opt"])
def test_other_folders_can(sandbox, folder):
    assert source_common(sandbox, "refuse_folder", folder).returncode == 0


def test_a_build_step_keeps_its_words_and_its_status(sandbox):
    log = sandbox.folder / "build.log"
    outcome = source_common(sandbox, "quietly_into", str(log), "bash", "-c", "echo done; exit 3")
    assert outcome.returncode == 3
    assert outcome.stdout == outcome.stderr == ""
    assert log.read_text() == "done\n"


def source_common(sandbox: Sandbox, *call: str) -> subprocess.CompletedProcess:
    """Call a function of `common.sh`."""
    script = 'set -euo pipefail; me=docker/run; source "$0"; "$@"'
    common = str(sandbox.project / "docker" / "common.sh")
    return subprocess.run(["bash", "-c", script, common, *call], capture_output=True, text=True)


def test_pip_brings_only_what_is_missing_or_too_old():
    pytest.importorskip("pip")
    spec = importlib.util.spec_from_file_location("make_venv", PROJECT / "docker" / "make_venv.py")
    make_venv = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_venv)
    installed = {"numpy": "1.26.4", "pytest-timeout": "2.3.1", "torch": "2.6.0+debian"}
    wanted = ["numpy>=1.24", "Pytest_Timeout>=2.4", "torch>=2.4", "ruff>=0.8"]
    assert make_venv.missing(wanted, installed) == ["Pytest_Timeout>=2.4", "ruff>=0.8"]

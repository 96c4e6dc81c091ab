"""A copy of `docker/` beside fake programs, to try its scripts in."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

__all__ = ["PROJECT", "Sandbox", "hear_interrupts"]

PROJECT = Path(__file__).resolve().parents[2]


def hear_interrupts() -> None:
    """For a process before it starts: a shell cannot hear Ctrl-C that its parent ignores, as tests
    in the background do."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Sandbox:
    """A copy of `docker/` with a cache and a folder of fake programs of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = folder / "project"
        self.programs = folder / "programs"
        self.cache = folder / "cache"
        for path in (self.programs, self.cache):
            path.mkdir()
        shutil.copytree(PROJECT / "docker", self.project / "docker")
        shutil.copy(PROJECT / "pyproject.toml", self.project)

    def fake(self, name: str, body: str) -> None:
        """Put a shell script called `name` first on PATH."""
        script = self.programs / name
        script.write_text(f"#!/bin/bash\n{body}\n")
        script.chmod(0o755)

    def start(
        self,
        *command: str,
        script: str = "run",
        project: Path | None = None,
        cwd: Path | None = None,
        **variables: str,
    ) -> subprocess.Popen:
        """Start ``docker/run command`` with `variables` in its environment."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("DMN_FE_", "SUDO_"))}
        kept["PATH"] = f"{self.programs}:{kept['PATH']}"
        kept |= {"XDG_CACHE_HOME": str(self.cache), **variables}
        path = (project or self.project) / "docker" / script
        return subprocess.Popen(
            [str(path), *command],
            env=kept,
            cwd=cwd or self.project,
            preexec_fn=hear_interrupts,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(
        self, *command: str, script: str = "run", project: Path | None = None, **variables: str
    ) -> tuple[int, str, str]:
        """Return status, output and messages of ``docker/run command``."""
        process = self.start(*command, script=script, project=project, **variables)
        output, messages = process.communicate(timeout=60)
        return process.returncode, output, messages

    def finished(self) -> list[Path]:
        """Return all in the cache that docker/run would take as built."""
        return [*self.cache.rglob("finished"), *self.cache.rglob("engine-*")]

"""Make the virtual environment of the project over the Python that runs this file.

usage: python3 make_venv.py [--release] [--extras NAMES] FOLDER

The environment sees the packages of that Python (system site packages), gets with pip only what
`pyproject.toml` asks for and that Python lacks, and the project itself as an editable install, or
with ``--release`` for good and without what only developing needs, as images have it. Pip
is never allowed to change a package that is there: a second torch or NumPy beside the one DOLFINx
was built with is how environments break. The commands of packages that are there (pytest, mypy,
pip) are written into the environment too, because their own scripts start that Python, not this.
"""

import argparse
import os
import site
import subprocess
import sys
import tempfile
import tomllib
import venv
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def create(folder: Path) -> None:
    """Create the bare environment in `folder`, over the running Python and its packages."""
    # Where pip is installed already, it also serves the environment: saves unpacking another.
    builder = venv.EnvBuilder(
        system_site_packages=True, symlinks=True, clear=True, with_pip=find_spec("pip") is None
    )
    builder.create(folder)
    if sys.prefix != sys.base_prefix:
        # The running Python is itself a virtual environment (as in DOLFINx's own images): its
        # packages are not "system" packages to the new one, so name its folders.
        outer = "\n".join(site.getsitepackages())
        library = f"python{sys.version_info.major}.{sys.version_info.minor}"
        (folder / "lib" / library / "site-packages" / "_outer.pth").write_text(outer + "\n")


def requirements(pyproject: dict, names: list[str]) -> tuple[list[str], list[str]]:
    """Return what installing and running the project with these extras besides fem needs, and what
    only developing it needs."""
    extras = pyproject["project"]["optional-dependencies"]
    needed = [
        *pyproject["build-system"]["requires"],
        "editables",  # hatchling wants it for editable installs and says so only when asked
        *pyproject["project"]["dependencies"],
        *extras["fem"],
        *(text for name in names for text in extras[name]),
    ]
    return needed, extras["dev"]


def missing(wanted: list[str], installed: dict[str, str]) -> list[str]:
    """Return the requirements of `wanted` that `installed` (name → version) does not fulfil.

    Names are compared in normal form (PEP 503): lower case, with dashes.
    """
    from pip._vendor.packaging.requirements import Requirement

    lacking = []
    for text in wanted:
        requirement = Requirement(text)
        version = installed.get(normal_form(requirement.name))
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            lacking.append(text)
    return lacking


def normal_form(name: str) -> str:
    """Return a distribution's name as PEP 503 compares it."""
    from pip._vendor.packaging.utils import canonicalize_name

    return canonicalize_name(name)


def installed_versions() -> dict[str, str]:
    """Return name → version of every distribution this Python sees."""
    from pip._vendor.packaging.version import InvalidVersion, Version

    found = {}
    for distribution in metadata.distributions():
        try:
            Version(distribution.version)
        except (InvalidVersion, TypeError):
            continue  # a damaged or home-made package, which pip could not name either
        found.setdefault(normal_form(distribution.metadata["Name"]), distribution.version)
    return found


def complete(release: bool, extras: list[str]) -> None:
    """Install what is missing, then the project, into the running environment."""
    pyproject = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    needed, for_development = requirements(pyproject, extras)
    if release:
        for_development = []
    if not add_missing(needed):
        sys.exit(
            "docker/run: pip could not install what the project needs; its message stands above "
            "(behind a proxy or with an index of your own, set https_proxy or PIP_INDEX_URL)."
        )
    if not add_missing(for_development):
        note = "going on without these, which only developing needs; to try again, remove"
        print(f"docker/run: {note} {Path(sys.prefix).parent}", file=sys.stderr)
    editable = [] if release else ["--editable"]
    if not pip_install([str(PROJECT)], "--no-deps", "--no-build-isolation", *editable):
        sys.exit(f"docker/run: pip could not install {PROJECT}; its message stands above.")
    # Of an image that is released the commands would be of packages that it does not have.
    for text in [] if release else ["pip", *needed, *for_development]:
        write_commands(text)


def add_missing(wanted: list[str]) -> bool:
    """Install what lacks of `wanted` beside all that is there; return whether that worked."""
    installed = installed_versions()
    lacking = missing(wanted, installed)
    if not lacking:
        return True
    print(f"docker/run: pip brings {', '.join(lacking)}", file=sys.stderr)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
        constraints.writelines(f"{name}=={version}\n" for name, version in installed.items())
        constraints.flush()
        return pip_install(lacking, "--constraint", constraints.name)


def pip_install(packages: list[str], *options: str) -> bool:
    """Install `packages` into the running environment; return whether pip succeeded."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    return subprocess.run([*pip, *options, *packages], stdin=subprocess.DEVNULL).returncode == 0


def write_commands(requirement: str) -> None:
    """Write the commands of a required package into the environment, where they lack."""
    from pip._vendor.packaging.requirements import Requirement

    try:
        commands = metadata.distribution(Requirement(requirement).name).entry_points
    except metadata.PackageNotFoundError:
        return  # one that only developing needs
    for command in commands.select(group="console_scripts"):
        script = Path(sys.prefix) / "bin" / command.name
        if not script.exists():
            script.write_text(
                f"#!{sys.executable}\n"
                "import sys\n"
                f"from {command.module} import {command.attr}\n"
                f"sys.exit({command.attr}())\n"
            )
            script.chmod(0o755)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--release", action="store_true")
    parser.add_argument("--extras", default="", help="of pyproject.toml, with commas between")
    parser.add_argument("folder", type=Path)
    wanted = parser.parse_args()
    folder = wanted.folder
    if not (folder.exists() and Path(sys.prefix).samefile(folder)):
        create(folder)
        python = str(folder / "bin" / "python3")
        os.execv(python, [python, __file__, *sys.argv[1:]])
    complete(wanted.release, [name for name in wanted.extras.split(",") if name])


if __name__ == "__main__":
    main()

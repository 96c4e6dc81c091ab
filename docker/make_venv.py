"""Make the virtual environment of the project over the Python that runs this file.

usage: python3 make_venv.py FOLDER

The environment sees the packages of that Python (system site packages), gets with pip only what
`pyproject.toml` asks for and that Python lacks, and the project itself as an editable install. Pip
is never allowed to change a package that is there: a second torch or NumPy beside the one DOLFINx
was built with is how environments break. The commands of packages that are there (pytest, mypy,
pip) are written into the environment too, because their own scripts start that Python, not this.
"""

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


def requirements(pyproject: dict) -> list[str]:
    """Return all that the project needs here: to run, to be tested and to be installed editable."""
    extras = pyproject["project"]["optional-dependencies"]
    return [
        *pyproject["build-system"]["requires"],
        "editables",  # hatchling wants it for editable installs and says so only when asked
        *pyproject["project"]["dependencies"],
        *extras["dev"],
        *extras["fem"],
    ]


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


def requirement_name(text: str) -> str:
    """Return the distribution's name of a requirement such as ``pytest>=8``."""
    from pip._vendor.packaging.requirements import Requirement

    return Requirement(text).name


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


def complete() -> None:
    """Install what is missing, then the project, into the running environment."""
    pyproject = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = requirements(pyproject)
    installed = installed_versions()
    lacking = missing(wanted, installed)
    if lacking:
        print(f"docker/run: pip brings {', '.join(lacking)}", file=sys.stderr)
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
            lines = [f"{name}=={version}" for name, version in installed.items()]
            constraints.write("\n".join(lines) + "\n")
            constraints.flush()
            pip_install(lacking, "--constraint", constraints.name)
    pip_install([str(PROJECT)], "--no-deps", "--no-build-isolation", "--editable")
    for name in ["pip", *(requirement_name(text) for text in wanted)]:
        write_commands(name)


def write_commands(name: str) -> None:
    """Write the commands of the distribution `name` into the environment, where they lack."""
    for command in metadata.distribution(name).entry_points.select(group="console_scripts"):
        script = Path(sys.prefix) / "bin" / command.name
        if not script.exists():
            script.write_text(
                f"#!{sys.executable}\n"
                "import sys\n"
                f"from {command.module} import {command.attr}\n"
                f"sys.exit({command.attr}())\n"
            )
            script.chmod(0o755)


def pip_install(packages: list[str], *options: str) -> None:
    """Install `packages` into the running environment; end with one sentence where pip fails."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    if subprocess.run([*pip, *options, *packages], stdin=subprocess.DEVNULL).returncode != 0:
        sys.exit(
            f"docker/run: pip could not install {', '.join(packages)}; its message stands above "
            "(behind a proxy or with an index of your own, set https_proxy or PIP_INDEX_URL)."
        )


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python3 make_venv.py FOLDER")
    folder = Path(sys.argv[1])
    if not (folder.exists() and Path(sys.prefix).samefile(folder)):
        create(folder)
        python = str(folder / "bin" / "python3")
        os.execv(python, [python, __file__, str(folder)])
    complete()


if __name__ == "__main__":
    main()

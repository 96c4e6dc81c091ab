"""Makes data and networks of the RVEs here: ``python demos/validation/make_networks.py``.

For each RVE one network that learns from elastic data alone, and an ensemble of five that also
learn from one-step samples. Interrupt it, and the same command goes on where it stopped; what is
there is not made again. It takes some fifteen minutes on one core.
"""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
RVES = ("five_inclusions", "particles")
STIFFNESSES, STEPS = "300", "510"
SIZE = ("--depth", "7", "--iterations", "300", "--seed", "0")


def dmn_fe(output: Path, *arguments: str | Path) -> None:
    """Run the command ``dmn-fe`` unless its output is there."""
    if not output.exists():
        words = [str(word) for word in (*arguments, "--output", output)]
        print("dmn-fe", *words, flush=True)
        subprocess.run([sys.executable, "-m", "dmn_fe", *words], check=True)


def main() -> None:
    """Make what is missing."""
    data = FOLDER / "data"
    data.mkdir(exist_ok=True)
    for name in RVES:
        rve = FOLDER / f"{name}.npy"
        elastic = data / f"{name}_elastic.safetensors"
        steps = data / f"{name}_one-step.safetensors"
        dmn_fe(elastic, "data", rve, "--kind", "tangent-like", "--samples", STIFFNESSES)
        single = FOLDER / f"{name}_single.dmn"
        dmn_fe(single, "train", elastic, *SIZE)
        dmn_fe(steps, "data", rve, "--kind", "one-step", "--samples", STEPS)
        ensemble = FOLDER / f"{name}.dmn"
        dmn_fe(ensemble, "train", elastic, "--paths", steps, "--networks", "5", *SIZE)


if __name__ == "__main__":
    main()

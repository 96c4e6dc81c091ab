"""What benchmarks share: the machine they run on, and the file their results go to."""

import json
import platform
import sys
from pathlib import Path

import torch

from dmn_fe.files import written_whole

__all__ = ["finish", "machine"]


def machine() -> dict[str, str]:
    """What the numbers depend on."""
    cpu = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0].split(":", 1)[1].strip() if names else cpu
    found = {"cpu": cpu, "python": platform.python_version(), "torch": torch.__version__}
    if torch.cuda.is_available():
        found["gpu"] = torch.cuda.get_device_name()
    return found


def finish(result: dict, path: str | None) -> None:
    """Print a result, and store it with the machine if there is a path."""
    text = json.dumps({"machine": machine(), **result}, indent=2)
    print(text)
    if path:
        with written_whole(path) as partial:
            partial.write_text(text + "\n")
        print(f"stored in {path}", file=sys.stderr)

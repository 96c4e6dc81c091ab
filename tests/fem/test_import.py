"""What ``import dmn_fe.fem`` says where DOLFINx is missing or too old."""

import subprocess
import sys

import pytest

ABSENT = "import sys; sys.modules['dolfinx'] = None; import dmn_fe.fem"
OLD = "import dolfinx; dolfinx.__version__ = '0.8.0'; import dmn_fe.fem"


@pytest.mark.parametrize(("code", "part"), [(ABSENT, "needs DOLFINx"), (OLD, "found 0.8.0")])
def test_a_missing_or_old_dolfinx_is_named_with_the_remedy(code, part):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 1
    assert last.startswith("ImportError: dmn_fe.fem needs DOLFINx 0.9 or newer")
    assert part in last
    assert "conda install -c conda-forge" in last

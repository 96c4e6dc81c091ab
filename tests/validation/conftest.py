"""Skip what needs DOLFINx where it is missing."""

import importlib.util

if importlib.util.find_spec("dolfinx") is None:
    collect_ignore_glob = ["test_audit*.py"]

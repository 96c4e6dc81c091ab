"""Material networks as constitutive laws in DOLFINx.

``import dmn_fe`` needs torch and numpy alone; :mod:`dmn_fe.fem` needs DOLFINx.
"""

from dmn_fe.errors import InputError

__all__ = ["InputError"]
__version__ = "0.1.0.dev0"

"""The strain envelope in the metadata of networks that are made from others."""

from collections.abc import Sequence
from typing import Any

from dmn_fe.network.network import Network

__all__ = ["common_envelope"]


def common_envelope(networks: Sequence[Network]) -> dict[str, Any]:
    """Metadata with the smallest envelope of some networks; empty unless all tell one, in one unit.

    It is the one entry that holds for what lies between networks: errors are of those alone.
    """
    entries = [network.metadata.get("strain_envelope") for network in networks]
    known = [entry for entry in entries if entry is not None]
    if len(known) < len(entries) or len({entry.get("unit") for entry in known}) != 1:
        return {}
    smallest = {key: min(entry[key] for entry in known) for key in ("deviatoric", "volumetric")}
    return {"strain_envelope": {**known[0], **smallest}}

"""Devices of torch."""

import torch

from dmn_fe.errors import InputError

__all__ = ["check_device"]


def check_device(device: str) -> None:
    """Raise ``InputError`` unless tensors can be made on a device."""
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"device = {device!r} cannot be used here; leave it at 'cpu'.") from error

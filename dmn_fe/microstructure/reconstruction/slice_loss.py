"""The texture of a volume: all its slices normal to e1, e2 and e3."""

from collections.abc import Sequence

from torch import Tensor

from dmn_fe.microstructure.reconstruction.texture_loss import TextureLoss

__all__ = ["SliceLoss"]


class SliceLoss:
    """Mean loss of the slices of a volume in the three directions of its edges.

    The slices of one direction are taken together: their mean statistics are to be those of the
    image, while slices differ from each other as cuts do.

    Parameters
    ----------
    textures : three TextureLoss
        Of the images normal to e1, e2, e3, with the axes (e2, e3), (e1, e3) and (e1, e2).
    """

    def __init__(self, textures: Sequence[TextureLoss]):
        self._textures = textures

    def backward(self, indicator: Tensor) -> Tensor:
        """Losses ``[n]`` of volumes ``[n, k, a, b, c]``; adds the gradient to ``indicator.grad``.

        Direction by direction, since the features of all slices take much memory.
        """
        total = indicator.new_zeros(len(indicator))
        for volume in range(len(indicator)):
            for normal, texture in enumerate(self._textures):
                slices = indicator[volume].movedim(normal + 1, 0)  # [slices, k, …]
                loss = texture(slices, pooled=True)[0] / len(self._textures)
                loss.backward()
                total[volume] += loss.detach()
        return total

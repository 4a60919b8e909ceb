"""Score-CAM and Ablation-CAM: a forward pass a channel, through the grad-cam package, with progress and cancel.

The package's own loops repeat the whole picture for each channel, hold all masked pictures at once, draw bars on
standard error and, in Ablation-CAM, leave the network altered after an exception; these loops do not, with its results.
"""

from collections.abc import Callable

import numpy as np
import torch
from pytorch_grad_cam.base_cam import BaseCAM
from torch import Tensor, nn

from clfcore.exclusive import borrowed
from clfcore.explain.cam import running
from clfcore.explain.hooks import Score, batch_size, hooked
from clfcore.explain.target_layers import Layer

MOST = 128  # channels that Score-CAM asks; all 1,280 of efficientnet_lite0 cost 40 s on two cores


def channel_cam(
    module: nn.Module, x: Tensor, score: Score, layer: Layer, method: str, progress: Callable[[int, int], None]
) -> tuple[np.ndarray, str]:
    """size x size float32 in 0..1 as the package scales it, and a note where not every channel was asked."""
    target = module.get_submodule(layer.name)
    kind = {"scorecam": _ScoreCAM, "ablationcam": _AblationCAM}[method]
    # Borrowed first: the package's constructor puts the module in eval mode.
    with borrowed(module), torch.no_grad(), running(kind(module, target, layer, score, progress)) as made:
        values = made(x, [score])[0]
        return values, made.note


class _OwnWeights(BaseCAM):
    """The package's template with weights from `weigh`: channels' maps (C x h x w) -> C float32."""

    note = ""

    def __init__(
        self, module: nn.Module, target: nn.Module, layer: Layer, score: Score, progress: Callable[[int, int], None]
    ) -> None:
        super().__init__(module, [target], layer.as_map(), uses_gradients=False)
        self.target, self.layer, self.score, self.progress = target, layer, score, progress

    def get_cam_weights(self, input_tensor, target_layers, targets, activations, grads):
        self.activations_and_grads.release()  # they would collect the activations of every pass below
        self.score.settled(self.outputs[0])
        return self.weigh(input_tensor, np.ascontiguousarray(activations[0]))[None]

    def weigh(self, x: Tensor, maps: np.ndarray) -> np.ndarray:
        raise NotImplementedError


class _ScoreCAM(_OwnWeights):
    """Wang et al. 2020, algorithm 1, as the package has it: softmax over the scores of the masked pictures.

    Only the channels with the widest range are asked: a channel that is the same everywhere masks nothing.
    """

    def weigh(self, x: Tensor, maps: np.ndarray) -> np.ndarray:
        asked = np.argsort(-np.ptp(maps.reshape(len(maps), -1), axis=1), kind="stable")[:MOST]
        if len(asked) < len(maps):
            self.note = f"from the {len(asked)} strongest of {len(maps):,} channels"
        scores = np.empty(len(asked), np.float32)
        step = batch_size(x)
        for start in range(0, len(asked), step):
            some = torch.from_numpy(maps[asked[start : start + step]]).to(x.device)[:, None]
            masks = nn.functional.interpolate(some, size=x.shape[-2:], mode="bilinear", align_corners=True)
            low, high = masks.amin((1, 2, 3), keepdim=True), masks.amax((1, 2, 3), keepdim=True)
            masks = (masks - low) / (high - low + 1e-8)  # n x 1 x size x size
            seen = (x * masks).contiguous(memory_format=torch.channels_last)  # quicker on a CPU
            scores[start : start + step] = self.score(self.model(seen)).cpu().numpy()
            self.progress(min(start + step, len(asked)), len(asked))
        weights = np.zeros(len(maps), np.float32)
        weights[asked] = torch.softmax(torch.from_numpy(scores), 0).numpy()
        return weights


class _AblationCAM(_OwnWeights):
    """Desai and Ramaswamy 2020, equation 3: how far the score falls when a channel is 0 everywhere.

    Divided by the score's size, not by the score: a negative one would turn the map around.
    """

    def weigh(self, x: Tensor, maps: np.ndarray) -> np.ndarray:
        whole = float(self.score(self.outputs[0]))
        short = self._one_picture_is_enough(x)
        scores = np.empty(len(maps), np.float32)
        step = batch_size(x)
        for start in range(0, len(maps), step):
            channels = range(start, min(start + step, len(maps)))
            scores[start : start + step] = self._without(x, channels, short=short).cpu().numpy()
            self.progress(channels.stop, len(maps))
        return (whole - scores) / (abs(whole) or 1.0)

    def _without(self, x: Tensor, channels: range, *, short: bool) -> Tensor:
        """The scores with one channel of the layer switched off, one for each of `channels`."""
        axis = 1 if self.layer.layout == "channels-first" else -1

        def ablate(_part: nn.Module, _inputs: tuple, output: Tensor) -> Tensor:
            out = output.expand(len(channels), *output.shape[1:]).clone()
            for i, channel in enumerate(channels):
                out[i].select(axis - 1 if axis > 0 else axis, channel).zero_()
            return out

        inputs = x if short else x.expand(len(channels), *x.shape[1:])
        with hooked([self.target.register_forward_hook(ablate)]):
            return self.score(self.model(inputs))

    def _one_picture_is_enough(self, x: Tensor) -> bool:
        """Whether one picture up to the layer, and many from there on, gives what many pictures give.

        It does unless what follows also reads the picture past the layer in a way that does not broadcast.
        """
        try:
            short = self._without(x, range(2), short=True)
        except RuntimeError:  # shapes do not broadcast; a real fault comes back from the long way
            return False
        long = self._without(x, range(2), short=False)
        return short.shape == long.shape and torch.allclose(short, long, rtol=1e-3, atol=1e-5)

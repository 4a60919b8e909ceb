"""Score-CAM and Ablation-CAM: a forward pass a channel, through the grad-cam package, with progress and cancel.

The package's own loops repeat the whole picture for each channel, hold all masked pictures at once, draw progress bars
on standard error and, in Ablation-CAM, leave the network altered after an exception. These give its results without.
"""

from collections.abc import Callable

import numpy as np
import torch
from pytorch_grad_cam.base_cam import BaseCAM
from torch import Tensor, nn

from clfcore.exclusive import borrowed
from clfcore.explain.cam import running
from clfcore.explain.hooks import Score, batch_size, hooked
from clfcore.explain.saliency_map import MethodResult
from clfcore.explain.target_layers import Layer

Tick = Callable[[int, int], None]

MOST = 128  # channels that Score-CAM scores; all 1,280 of efficientnet_lite0 cost 40 s on two cores


def channel_cam(
    module: nn.Module, x: Tensor, score: Score, *, layer: Layer, method: str, progress: Tick
) -> MethodResult:
    """Score-CAM or Ablation-CAM, as the package scales it; with a note where not every channel was scored."""
    target = module.get_submodule(layer.name)
    kind = {"scorecam": _ScoreCAM, "ablationcam": _AblationCAM}[method]
    # Borrowed first: the package's constructor puts the module in eval mode.
    with borrowed(module), torch.no_grad(), running(kind(module, target, layer, score=score, progress=progress)) as cam:
        values = cam(x, [score])[0]
        return MethodResult(values, layer.name, cam.note)


class _ChannelCAM(BaseCAM):
    """The package's template with weights from `weigh`: channels' maps (C x h x w) -> C float32."""

    note = ""

    def __init__(self, module: nn.Module, target: nn.Module, layer: Layer, *, score: Score, progress: Tick) -> None:
        super().__init__(module, [target], layer.as_map(), uses_gradients=False)
        self.target, self.layer, self.score, self.progress = target, layer, score, progress

    # the package's signature, which it calls by position
    def get_cam_weights(self, input_tensor, target_layers, targets, activations, grads):
        self.activations_and_grads.release()  # they would collect the activations of every pass below
        self.score.settled(self.outputs[0])
        return self.weigh(input_tensor, np.ascontiguousarray(activations[0]))[None]

    def weigh(self, x: Tensor, maps: np.ndarray) -> np.ndarray:
        raise NotImplementedError


class _ScoreCAM(_ChannelCAM):
    """Score-CAM (Wang et al. 2020, algorithm 1) as the package has it: softmax over the masked pictures' scores.

    Only the channels with the widest range are scored: a constant channel masks nothing.
    """

    def weigh(self, x: Tensor, maps: np.ndarray) -> np.ndarray:
        scored = np.argsort(-np.ptp(maps.reshape(len(maps), -1), axis=1), kind="stable")[:MOST]
        if len(scored) < len(maps):
            self.note = f"from the {len(scored)} strongest of {len(maps):,} channels"
        scores = np.empty(len(scored), np.float32)
        step = batch_size(x)
        for start in range(0, len(scored), step):
            some = torch.from_numpy(maps[scored[start : start + step]]).to(x.device)[:, None]
            masks = nn.functional.interpolate(some, size=x.shape[-2:], mode="bilinear", align_corners=True)
            low, high = masks.amin((1, 2, 3), keepdim=True), masks.amax((1, 2, 3), keepdim=True)
            masks = (masks - low) / (high - low + 1e-8)  # n x 1 x size x size
            masked = (x * masks).contiguous(memory_format=torch.channels_last)  # quicker on a CPU
            scores[start : start + step] = self.score(self.model(masked)).cpu().numpy()
            self.progress(min(start + step, len(scored)), len(scored))
        weights = np.zeros(len(maps), np.float32)
        weights[scored] = torch.softmax(torch.from_numpy(scores), 0).numpy()
        return weights


class _AblationCAM(_ChannelCAM):
    """Ablation-CAM (Desai and Ramaswamy 2020, equation 3): how far the score falls when a channel is 0 everywhere.

    Divided by the absolute score: a negative one would invert the map.
    """

    def weigh(self, x: Tensor, maps: np.ndarray) -> np.ndarray:
        baseline = float(self.score(self.outputs[0]))
        short = self._one_picture_is_enough(x)
        scores = np.empty(len(maps), np.float32)
        step = batch_size(x)
        for start in range(0, len(maps), step):
            channels = range(start, min(start + step, len(maps)))
            scores[start : start + step] = self._without(x, channels, short=short).cpu().numpy()
            self.progress(channels.stop, len(maps))
        return (baseline - scores) / (abs(baseline) or 1.0)

    def _without(self, x: Tensor, channels: range, *, short: bool) -> Tensor:
        """Scores with one channel of the layer ablated, one for each of `channels`."""
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
        except RuntimeError:  # shapes do not broadcast; a real error comes back from the long pass
            return False
        long = self._without(x, range(2), short=False)
        return short.shape == long.shape and torch.allclose(short, long, rtol=1e-3, atol=1e-5)

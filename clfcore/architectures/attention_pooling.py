"""An attention head on any network with feature maps: where it looks is part of the answer.

The maps before pooling go through a 1 x 1 convolution and a sigmoid; what they are multiplied by is pooled, as in
additive attention over places (Jetley et al. 2018; a gate as in Oktay et al. 2018), and two layers name the class.

Letters: B pictures, C maps of H x W places.
"""

import torch
from torch import Tensor, nn

from clfcore.architectures.heads import head_name
from clfcore.architectures.stages import stages
from clfcore.errors import InputError

HIDDEN = 512


class AttentionHead(nn.Module):
    """Maps B x C x H x W -> logits B x columns, and the attention B x 1 x H x W in 0..1 beside them."""

    def __init__(self, channels: int, columns: int) -> None:
        super().__init__()
        self.gate = nn.Conv2d(channels, 1, kernel_size=1)
        self.attn_drop = nn.Identity()  # weights pass through here, where explanations read them
        self.layers = nn.Sequential(
            nn.Dropout(0.5), nn.Linear(channels, HIDDEN), nn.ReLU(), nn.Dropout(0.3), nn.Linear(HIDDEN, columns)
        )

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        attention = torch.sigmoid(self.gate(maps))  # B x 1 x H x W
        weights = self.attn_drop(attention.flatten(1))  # B x HW
        pooled = torch.einsum("bchw,bhw->bc", maps, weights.view(attention.shape).squeeze(1))
        total = weights.sum(dim=1, keepdim=True).clamp(min=1e-6)
        return self.layers(pooled / total), attention  # a weighted mean, whatever the number of places


class WithAttentionHead(nn.Module):
    """A network whose classifier is an attention head on the maps that leave its last stage."""

    def __init__(self, network: nn.Module, columns: int, *, channels: int, side: int) -> None:
        super().__init__()
        self.last = stages(network)[-1][0] if stages(network) else ""
        self.network = _without_classifier(network, self.last)
        maps = self._probe(channels, side)
        self.classifier = AttentionHead(maps, columns)

    def forward(self, x: Tensor) -> Tensor:
        return self.with_map(x)[0]

    def with_map(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits B x columns and the attention B x 1 x H x W."""
        return self.classifier(_channels_first(self._maps(x)))

    def _maps(self, x: Tensor) -> Tensor:
        seen: list[Tensor] = []
        hook = self.network.get_submodule(self.last).register_forward_hook(lambda _part, _inputs, out: seen.append(out))
        try:
            self.network(x)
        finally:
            hook.remove()
        return seen[-1]

    def _probe(self, channels: int, side: int) -> int:
        """How many maps there are. Raises InputError where what leaves the last stage is no map."""
        what = f"head is 'attention': {type(self.network).__name__} has no feature maps; take a convolutional network"
        if not self.last:
            raise InputError(what)
        training = self.network.training
        self.network.eval()
        with torch.no_grad():
            out = self._maps(torch.zeros(1, channels, side, side))
        self.network.train(training)
        if not isinstance(out, Tensor) or out.ndim != 4:
            raise InputError(what)
        return _channels_first(out).shape[1]


def with_attention_head(network: nn.Module, columns: int, *, channels: int, side: int) -> WithAttentionHead:
    """`network` with an attention head of `columns` logits in the place of its classifier. Raises InputError."""
    return WithAttentionHead(network, columns, channels=channels, side=side)


def _without_classifier(network: nn.Module, last: str) -> nn.Module:
    """The network without the part that holds its classifier, which nothing reads any more."""
    try:
        part = head_name(network).split(".")[0]
    except InputError:  # a convolution serves as the classifier
        return network
    if last.split(".")[0] != part:
        setattr(network, part, nn.Identity())
    return network


def _channels_first(maps: Tensor) -> Tensor:
    """Some transformers give B x H x W x C."""
    turned = maps.ndim == 4 and maps.shape[1] == maps.shape[2] != maps.shape[3]
    return maps.permute(0, 3, 1, 2) if turned else maps

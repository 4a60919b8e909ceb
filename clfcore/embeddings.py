"""One pass of a frozen network over a split, kept on disk: with it, any head costs seconds.

A file a split, written whole or not at all, keyed by the content of the images, the network, its weights, its options
and the preprocessing. A second head, another seed or another regularisation reads it back.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from clfcore.architectures.build import head_name
from clfcore.architectures.fast import fast
from clfcore.config import RunConfig
from clfcore.data.cache import Decoded
from clfcore.data.pixels import Preprocess
from clfcore.files import cache_folder, write_whole
from clfcore.training.batches import Batches

Progress = Callable[[int, int], None]
BATCH = 16  # the fastest on a CPU: larger batches lose to page faults
VERSION = 1


@dataclass(frozen=True, eq=False)
class Embedder:
    """A network up to its head, ready for one pass: N images -> N x D float32, the input of the last linear layer."""

    module: nn.Module
    preprocess: Preprocess
    identity: str  # architecture, weights and options, as text
    device: torch.device

    def of(self, decoded: Decoded, indices: np.ndarray, progress: Progress | None = None) -> np.ndarray:
        """Embeddings of some items, N x D float32, read from the cache or computed and kept there."""
        path = self.path(decoded, indices)
        kept = _read(path)
        if kept is not None and len(kept) == len(indices):
            return kept
        found = self._pass(decoded, indices, progress)
        write_whole(path, lambda partial: _write(partial, found))
        return found

    def path(self, decoded: Decoded, indices: np.ndarray) -> Path:
        content = hashlib.blake2b(digest_size=16)
        for index in indices:
            content.update(decoded.digests[index].encode())
        key = {"version": VERSION, "network": self.identity, "preprocess": self.preprocess.as_dict()}
        content.update(json.dumps(key, sort_keys=True).encode())
        return cache_folder() / "embeddings" / f"{content.hexdigest()}.npy"

    def _pass(self, decoded: Decoded, indices: np.ndarray, progress: Progress | None) -> np.ndarray:
        batch = BATCH if self.device.type == "cpu" else 128
        nothing = np.zeros(len(decoded.digests), np.int64)  # embeddings need no targets
        split = Batches(decoded, indices, nothing, self.preprocess, batch, self.device)
        sample = next(split.in_order())[0]
        network, dtype = fast(self.module, sample)
        seen: list[Tensor] = []
        head = network.get_submodule(head_name(self.module))
        hook = head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        parts: list[np.ndarray] = []
        try:
            with torch.inference_mode():
                for x, _ in split.in_order():
                    network(x.to(dtype=dtype, memory_format=torch.channels_last))
                    parts.append(seen.pop().flatten(1).float().cpu().numpy())
                    if progress:
                        progress(sum(map(len, parts)), len(indices))
        finally:
            hook.remove()
        return np.concatenate(parts)


def identity(config: RunConfig) -> str:
    """What of a configuration determines the network that embeds, as text."""
    return json.dumps([config.architecture, config.weights, dict(sorted(config.options.items()))])


def clear() -> int:
    """Delete all cached embeddings; returns how many bytes that freed."""
    freed = 0
    for path in (cache_folder() / "embeddings").glob("*.npy"):
        freed += path.stat().st_size
        path.unlink()
    return freed


def _read(path: Path) -> np.ndarray | None:
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None  # absent or damaged: computed anew


def _write(path: Path, values: np.ndarray) -> None:
    with path.open("wb") as file:
        np.save(file, values)

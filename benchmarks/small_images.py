"""Training speed on small images: our loop, a bare hand-written loop over tensors, and a DataLoader over PIL images.

LeNet-5 on 28 x 28 gray images (content does not matter: noise), Adam, batches of 128, the same augmentation on all
sides: shifts of up to 2 pixels and flips, drawn per image. The DataLoader runs twice, with torch's threads as the
others have them and with one, as it does in its workers. All sides run in this process, in turn, in the same order
each round, with the allocator set as a run sets it; images a second and the ratios within a round are printed, by the
clock and by the processor's time, which a busy machine does not stretch. Aims: at least 0.95 of the bare loop and 3.5
times the DataLoader.

    python benchmarks/small_images.py [--items 12000] [--rounds 5] [--threads N] [--device cpu]
"""

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # as the command line has it
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

SIDE, SIZE, BATCH, CLASSES = 28, 28, 128, 10
PLAIN = "DataLoader over PIL"
Spent = np.ndarray  # seconds by the clock, and of the processor


def now() -> Spent:
    return np.array([time.perf_counter(), time.process_time()])


def network(device: torch.device, name: str) -> nn.Module:
    from clfcore.architectures.build import build

    torch.manual_seed(0)
    return build(name, columns=CLASSES, channels=1, image_size=SIZE).module.to(device)


def ours(pixels: np.ndarray, targets: np.ndarray, device: torch.device, name: str) -> Spent:
    """Time of an epoch of `training.loop.train` over `training.batches`, as a run has it."""
    from clfcore.augment import policies
    from clfcore.config import Recipe
    from clfcore.data.pixels import Preprocess
    from clfcore.task import single_label
    from clfcore.training.batches import Batches
    from clfcore.training.loop import State, train
    from clfcore.training.losses import hits_of, loss_of
    from clfcore.training.optimizer import make_optimizer, parameter_groups

    class Decoded:
        """Pixels in memory, as the cache gives them."""

        deep = False

        def __init__(self) -> None:
            self.dtype = pixels.dtype

        def take(self, indices: np.ndarray) -> np.ndarray:
            return pixels[indices]

        def tones(self, indices: np.ndarray, _: Preprocess) -> np.ndarray:
            return self.take(indices)

    model = network(device, name)
    task, recipe = single_label([str(i) for i in range(CLASSES)]), Recipe(optimizer="adam", learning_rate=1e-3)
    groups = parameter_groups(model.named_parameters(), rate=1e-3, weight_decay=0.0, group="all")
    policy = policies.policy([{"step": "shift", "most": 2 / SIDE}, "horizontal-flip"])
    preprocess = Preprocess(SIZE, mean=(0.5,), deviation=(0.5,))
    batches = Batches(Decoded(), np.arange(len(pixels)), targets, preprocess, BATCH, device, policy=policy)
    solver = make_optimizer(recipe, groups)
    state = State(model, solver, device, gradient_clip=0.0, channels_last=recipe.channels_last)
    events = train(
        state, batches, loss_of=loss_of(task, recipe), hits_of=hits_of(task), rate_at=lambda _: 1.0, epochs=2
    )  # one epoch to warm up, one that counts
    started = now()
    for event in events:
        if type(event).__name__ == "Epoch":
            if event.epoch == 2:
                return now() - started
            _wait(device)
            started = now()
    raise RuntimeError("no epoch ended")


def bare(pixels: np.ndarray, targets: np.ndarray, device: torch.device, name: str) -> Spent:
    """Time of an epoch of a loop written by hand over tensors in memory."""
    model = network(device, name)
    solver = torch.optim.Adam(model.parameters(), lr=1e-3)
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous().to(device)
    labels = torch.from_numpy(targets).to(device)
    for _ in range(2):
        _wait(device)
        started = now()
        model.train()
        total = torch.zeros((), device=device)
        hits = torch.zeros((), device=device)
        for rows in torch.randperm(len(images), device=device).split(BATCH):
            x = images[rows]
            n = len(x)
            windows = F.pad(x, [2] * 4).unfold(2, SIDE, 1).unfold(3, SIDE, 1)  # n x 1 x 5 x 5 x 28 x 28
            top, left = torch.randint(0, 5, (2, n), device=device)
            x = windows[torch.arange(n, device=device), :, top, left]
            flip = torch.rand(n, device=device) < 0.5
            x = torch.where(flip.view(-1, 1, 1, 1), x.flip(-1), x).float().div(255).sub(0.5).div(0.5)
            y = labels[rows]
            logits = model(x)
            loss = F.cross_entropy(logits, y)
            solver.zero_grad(set_to_none=True)
            loss.backward()
            solver.step()
            total += loss.detach() * n
            hits += (logits.detach().argmax(1) == y).sum()
        total.item(), hits.item()
    return now() - started


def loader(pixels: np.ndarray, targets: np.ndarray, device: torch.device, name: str) -> Spent:
    """Time of an epoch of the tutorials' way: a DataLoader over PIL images and torchvision's transforms."""
    preset = transforms.Compose(
        [
            transforms.RandomCrop(SIDE, padding=2),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize([0.5], [0.5]),
        ]
    )

    class Images(Dataset):
        def __len__(self) -> int:
            return len(pixels)

        def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
            return preset(Image.fromarray(pixels[i, :, :, 0])), int(targets[i])

    model = network(device, name)
    solver = torch.optim.Adam(model.parameters(), lr=1e-3)
    started = now()
    model.train()
    for x, y in DataLoader(Images(), BATCH, shuffle=True):
        x, y = x.to(device), y.to(device)
        loss = F.cross_entropy(model(x), y)
        solver.zero_grad()
        loss.backward()
        solver.step()
    loss.item()
    return now() - started


def loader_alone(pixels: np.ndarray, targets: np.ndarray, device: torch.device, name: str) -> Spent:
    """The same with one thread of torch."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    spent = loader(pixels, targets, device, name)
    torch.set_num_threads(threads)
    return spent


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=12_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--architecture", default="lenet5")
    parser.add_argument("--threads", type=int, help="of torch (default: as torch has it)")
    args = parser.parse_args()
    from clfcore.device import keep_freed_memory

    keep_freed_memory()
    if args.threads:
        torch.set_num_threads(args.threads)
    device, generator = torch.device(args.device), np.random.default_rng(0)
    pixels = generator.integers(0, 256, (args.items, SIDE, SIDE, 1), dtype=np.uint8)
    targets = generator.integers(0, CLASSES, args.items)
    sides: dict[str, Callable[..., Spent]] = {
        "ours": ours,
        "bare loop": bare,
        PLAIN: loader,
        f"{PLAIN}, 1 thread": loader_alone,
    }
    found: dict[str, list[Spent]] = {name: [] for name in sides}
    for _ in range(args.rounds):
        for name, side in sides.items():
            found[name].append(args.items / side(pixels, targets, device, args.architecture))
    print(f"torch {torch.__version__}, {platform.processor() or platform.machine()}, {torch.get_num_threads()} threads")
    print(f"{args.architecture}, {args.items:,} images of {SIDE} x {SIDE}, batches of {BATCH}, on {device}")
    for at, clock in enumerate(("second", "second of the processor")):
        for name, rates in found.items():
            these = [rate[at] for rate in rates]
            middle, best = statistics.median(these), max(these)
            print(f"  {name:30} {middle:9,.0f} images a {clock} in the middle, {best:9,.0f} at best")
        for other, aim in (("bare loop", 0.95), (PLAIN, 3.5), (f"{PLAIN}, 1 thread", 3.5)):
            # Sides of one round meet the same machine: the ratio of a round says more than the ratio of medians.
            ratios = [a[at] / b[at] for a, b in zip(found["ours"], found[other], strict=True)]
            middle, best = statistics.median(ratios), max(ratios)
            print(f"  ours / {other:30} {middle:.2f} in the middle, {best:.2f} at best (aim: {aim})")


if __name__ == "__main__":
    main()

"""Every network of the catalogue built, trained one step and asked for a prediction, and one a family of timm.

The catalogue: for 1 and 3 channels, 2 and 1,000 classes, at its smallest side that trains and at 224: eight images,
two where they are large. Those of torchvision's, besides: the same logits as torchvision's own network with the same
weights, to 1e-5, for a picture of its size. timm: the smallest network of each of N families, at its own size: a layer
table and a training step.

    python benchmarks/every_network.py [--pairs] [--families 20] [--names resnet18,vgg] [--tables]

--pairs: (1 channel, 2 classes) and (3, 1,000) alone. --tables: besides, a layer table of every name of timm's. Ends
with status 1 where anything failed.
"""

import argparse
import itertools
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
SMALLEST = 4  # batch normalization needs two values a map: a network that runs at 1 pixel trains from a few on


def step(name: str, *, channels: int, columns: int, side: int) -> None:
    """Build a network, train it on a batch of noise, ask it for one more. Raises where anything is not finite.

    Eight small images: batch normalization over two values of a map of one pixel is no training.
    """
    import torch

    from clfcore.architectures.build import build

    torch.manual_seed(0)
    module = build(name, columns=columns, channels=channels, image_size=side).module
    optimiser = torch.optim.SGD(module.parameters(), lr=1e-3)
    before = [parameter.detach().clone() for parameter in module.parameters()]
    batch = 8 if side <= 64 else 2
    logits = module(torch.rand(batch, channels, side, side))
    torch.nn.functional.cross_entropy(logits, torch.arange(batch) % 2).backward()
    torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)  # as a recipe has it: 152 layers on 4 pixels reach 1e7
    optimiser.step()
    gone = [not torch.isfinite(p.grad).all() for p in module.parameters() if p.grad is not None]
    if any(gone):
        raise ArithmeticError(f"{sum(gone)} gradients are not finite")
    if all(torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True)):
        raise ArithmeticError("nothing moved")
    with torch.inference_mode():
        answer = module.eval()(torch.rand(1, channels, side, side))
    if answer.shape != (1, columns) or not torch.isfinite(answer).all():
        raise ArithmeticError(f"the prediction is {tuple(answer.shape)}, or not finite")


def tried(what: str, work: Callable[[], object]) -> bool:
    """Whether `work` ended well; says how long it took, or why it failed."""
    start = time.perf_counter()
    try:
        work()
    except Exception as error:
        print(f"{what}: {type(error).__name__}: {error}", flush=True)
        return False
    print(f"{what}: {time.perf_counter() - start:.1f} s", flush=True)
    return True


def catalogue(names: list[str], *, pairs: bool) -> tuple[int, int]:
    """How many trials of the catalogue's networks ended well, of how many."""
    from clfcore.architectures.catalogue import architecture

    sizes = [(1, 2), (3, 1000)] if pairs else list(itertools.product((1, 3), (2, 1000)))
    done = []
    for name in names:
        row = architecture(name)
        for side in sorted({max(row.smallest_image, SMALLEST), 224}):
            for channels, columns in sizes:
                what = f"{name} {channels} x {side} x {side}, {columns} classes"
                work = lambda n=name, c=channels, k=columns, s=side: step(n, channels=c, columns=k, side=s)  # noqa: E731
                done.append(tried(what, work))
    return sum(done), len(done)


def equal(names: list[str]) -> tuple[int, int]:
    """How many networks of torchvision's give the logits of torchvision's own with the same state dict."""
    import torch
    import torchvision

    from clfcore.architectures.build import build
    from clfcore.architectures.catalogue import architecture

    def work(name: str) -> None:
        torch.manual_seed(0)
        theirs = torchvision.models.get_model(name, weights=None).eval()
        ours = build(name, columns=1000).module.eval()
        ours.load_state_dict(theirs.state_dict(), strict=True)
        side = architecture(name).native_image
        picture = torch.rand(1, 3, side, side)
        with torch.inference_mode():
            gap = (ours(picture) - theirs(picture)).abs().max().item()
        if not gap <= 1e-5:
            raise ArithmeticError(f"logits differ by {gap:g}")

    known = [name for name in names if architecture(name).source == "torchvision"]
    done = [tried(f"{name} against torchvision's", lambda name=name: work(name)) for name in known]
    return sum(done), len(done)


def timm_families(count: int) -> tuple[int, int]:
    """How many of the families' smallest networks give a layer table and take a step; spread over the alphabet."""
    from clfcore.architectures import timm_index
    from clfcore.architectures.summary import table

    smallest: dict[str, timm_index.Row] = {}
    for row in timm_index.rows():
        if row.parameters and row.parameters < smallest.get(row.family, row).parameters + 1:
            smallest[row.family] = row
    families = sorted(smallest)
    chosen = [smallest[families[i * len(families) // count]] for i in range(min(count, len(families)))]

    def work(name: str, side: int) -> None:
        if not table(name, classes=10).layers:
            raise ArithmeticError("the layer table is empty")
        step(name, channels=3, columns=10, side=side)

    done = [tried(f"timm/{r.name} ({r.family})", lambda r=r: work(f"timm/{r.name}", r.native_image)) for r in chosen]
    return sum(done), len(done)


def timm_tables() -> tuple[int, int]:
    """How many of timm's names give a layer table whose parameters are those of the stored list."""
    from clfcore.architectures import timm_index
    from clfcore.architectures.summary import table

    failed = []
    for row in timm_index.rows():
        try:
            found = table(f"timm/{row.name}")
            if row.parameters not in (None, found.parameters) and found.classes == 1000:
                raise ArithmeticError(f"{found.parameters:,} parameters, not {row.parameters:,}")
        except Exception as error:
            failed.append(row.name)
            print(f"timm/{row.name}: {type(error).__name__}: {error}", flush=True)
    return len(timm_index.rows()) - len(failed), len(timm_index.rows())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", action="store_true", help="two of the four kinds of channels and classes")
    parser.add_argument("--names", help="some networks of the catalogue alone, separated by commas")
    parser.add_argument("--families", type=int, default=20, help="of timm's; 0: none")
    parser.add_argument("--tables", action="store_true", help="a layer table of every name of timm's")
    args = parser.parse_args()

    from clfcore.architectures.catalogue import architectures

    names = args.names.split(",") if args.names else [row.name for row in architectures()]
    results = {"trials of the catalogue": catalogue(names, pairs=args.pairs)}
    results["networks equal to torchvision's"] = equal(names)
    if args.families:
        results["families of timm"] = timm_families(args.families)
    if args.tables:
        results["layer tables of timm"] = timm_tables()
    for what, (good, total) in results.items():
        print(f"{good} of {total} {what} ended well")
    return int(any(good < total for good, total in results.values()))


if __name__ == "__main__":
    sys.exit(main())

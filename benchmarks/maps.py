"""Every method on every family of the catalogue and on twenty timm names: a table of what came out.

Networks have random weights (batch normalisation counted anew on the pictures, a head that is not zero): what is
tested is that a finite, non-constant map of the picture's size comes out, or the plain words, and that the network is
unchanged. A line a network and method: layer, seconds, and the map's spread or the words.

    python benchmarks/maps.py [--out FILE] [--only TEXT] [--long]

Without --long, methods of more than 20 forward passes are left out; with it the whole takes hours on two cores.
"""

import argparse
import csv
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from torch import nn

from clfcore.architectures.build import build
from clfcore.architectures.catalogue import architectures
from clfcore.data.shapes import draw
from clfcore.errors import InputError
from clfcore.explain import METHODS, explain
from clfcore.explain.hooks import as_input
from clfcore.explain.maps import NO_EVIDENCE
from clfcore.task import single_label

TIMM = (
    "vit_tiny_patch16_224",
    "deit_tiny_distilled_patch16_224",
    "vit_small_patch14_reg4_dinov2",
    "beit_base_patch16_224",
    "eva02_tiny_patch14_224",
    "swin_tiny_patch4_window7_224",
    "swinv2_cr_tiny_224",
    "cait_xxs24_224",
    "xcit_nano_12_p16_224",
    "pit_ti_224",
    "levit_128s",
    "volo_d1_224",
    "mixer_s32_224",
    "poolformer_s12",
    "coatnet_nano_rw_224",
    "maxvit_nano_rw_256",
    "pvt_v2_b0",
    "efficientformer_l1",
    "mobilevit_xxs",
    "regnety_002",
    "nfnet_l0",
    "fastvit_t8",
)


def names() -> list[str]:
    """The smallest network of each family of the catalogue, then timm's."""
    smallest: dict[str, object] = {}
    for row in architectures():
        if row.family not in smallest or row.parameters < smallest[row.family].parameters:
            smallest[row.family] = row
    return [*(row.name for row in smallest.values()), *(f"timm/{name}" for name in TIMM)]


def opened(name: str) -> SimpleNamespace:
    """The network as a classifier of six classes, its statistics and head such that something comes out."""
    torch.manual_seed(0)
    network = build(name, columns=6)
    module = network.module
    for parameter_name, parameter in module.named_parameters():
        if "head" in parameter_name and parameter.ndim > 1 and not parameter.any():
            nn.init.normal_(parameter, std=0.1)  # some start at zero
    classifier = SimpleNamespace(
        name=name,
        module=module,
        preprocess=network.preprocess,
        task=single_label([str(i) for i in range(6)]),
        lock=threading.RLock(),
    )
    norms = [part for part in module.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
    module.eval()
    for norm in norms:
        norm.momentum = 0.9
        norm.train()
    if norms:
        with torch.no_grad():
            module(as_input(classifier, pictures(network.preprocess.size, 8)))
    module.eval()
    return classifier


def pictures(size: int, count: int) -> np.ndarray:
    return draw(count=18, side=size).pixels[:count]


def signature(module: nn.Module) -> tuple:
    """What must be the same afterwards: weights, mode, hooks, requires_grad."""
    parts = [
        (p.training, getattr(p, "fused_attn", None), len(p._forward_hooks), len(p._forward_pre_hooks))
        for p in module.modules()
    ]
    sums = [float(tensor.double().sum()) for tensor in module.state_dict().values()]
    return parts, sums, [parameter.requires_grad for parameter in module.parameters()]


def line(classifier: SimpleNamespace, square: np.ndarray, method: str) -> tuple[list[str], bool]:
    """Network, method, layer, seconds, outcome; and whether that is as it must be."""
    before, start = signature(classifier.module), time.perf_counter()
    try:
        made = explain(classifier, square, method=method)
    except InputError as error:
        return [classifier.name, method, "", "", f"refused: {error}"], signature(classifier.module) == before
    seconds = time.perf_counter() - start
    right = made.values.shape == square.shape[:2] and bool(np.isfinite(made.values).all())
    right = right and signature(classifier.module) == before and (not made.evidence or made.values.std() > 0)
    outcome = f"spread {made.values.std():.3f}" if made.evidence else NO_EVIDENCE
    return [
        classifier.name,
        method,
        made.layer or "",
        f"{seconds:.2f}",
        outcome if right else f"WRONG: {outcome}",
    ], right


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Every method on every family; see the top of the file.")
    parser.add_argument("--out", type=Path, default=Path("maps.csv"))
    parser.add_argument("--only", default="", help="networks whose name holds this text")
    parser.add_argument("--long", action="store_true", help="methods of more than 20 forward passes too")
    chosen = parser.parse_args(arguments)
    methods = [row.name for row in METHODS if chosen.long or row.quick]
    wrong = 0
    with chosen.out.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["network", "method", "layer", "seconds", "outcome"])
        for name in [name for name in names() if chosen.only in name]:
            classifier = opened(name)
            square = pictures(classifier.preprocess.size, 1)[0]
            if classifier.preprocess.channels == 1:
                square = classifier.preprocess.square(square)
            for method in methods:
                row, right = line(classifier, square, method)
                wrong += not right
                table.writerow(row)
                file.flush()
                print("  ".join(row), flush=True)
    print(f"{wrong} wrong; the table is in {chosen.out}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

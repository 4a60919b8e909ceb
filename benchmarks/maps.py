"""Every method on every family of the catalogue and on twenty timm names: a table of what came out.

Networks have random weights (batch normalization counted anew on the pictures, a head that is not zero): what is
tested is that a finite, non-constant map of the picture's size comes out, or the plain words, and that the network is
unchanged. A line a network and method: layer, seconds, and the map's spread or the words. Networks of the catalogue see
64 pixels where they can, timm's their own size, at most 256. Score-CAM asks 16 channels here, RISE 32 masks.

    python benchmarks/maps.py [--out FILE.csv] [--markdown FILE.md] [--only TEXT] [--long]

Lines that FILE.csv has already are not made again, so that the table can be made in pieces. Without --long, methods of
more than 20 forward passes are left out.
"""

import argparse
import csv
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
from torch import nn

from clfcore.architectures.build import build
from clfcore.architectures.catalogue import architectures
from clfcore.data.synthetic_shapes import draw
from clfcore.errors import InputError
from clfcore.explain import perturbation, perturbation_cam
from clfcore.explain.dispatch import explain
from clfcore.explain.hooks import as_input
from clfcore.explain.methods import METHODS
from clfcore.explain.saliency_map import NO_EVIDENCE
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
LARGE = ("vit_small_patch14_reg4_dinov2",)  # made for 518 pixels, where occlusion alone takes minutes


def names() -> dict[str, int | None]:
    """The smallest network of each family of the catalogue and the size it sees, then timm's at their own."""
    smallest: dict[str, object] = {}
    for row in architectures():
        if row.family not in smallest or row.parameters < smallest[row.family].parameters:
            smallest[row.family] = row
    small = {row.name: max(64, row.smallest_image) for row in smallest.values()}
    return {**small, **{f"timm/{name}": 224 if name in LARGE else None for name in TIMM}}


def opened(name: str, size: int | None) -> SimpleNamespace:
    """The network as a classifier of six classes, its statistics and head such that something comes out."""
    torch.manual_seed(0)
    network = build(name, columns=6, image_size=size)
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
    """What must be the same afterwards: mode, hooks, requires_grad, and how often weights were written to."""
    parts = [
        (p.training, getattr(p, "fused_attn", None), len(p._forward_hooks), len(p._forward_pre_hooks))
        for p in module.modules()
    ]
    written = [(tensor._version, tensor.data_ptr()) for tensor in module.state_dict(keep_vars=True).values()]
    return parts, written, [parameter.requires_grad for parameter in module.parameters()]


def line(classifier: SimpleNamespace, square: np.ndarray, method: str) -> list[str]:
    """Network, method, layer, seconds, outcome."""
    before, start = signature(classifier.module), time.perf_counter()
    try:
        made = explain(classifier, square, method=method)
    except InputError as error:
        changed = "" if signature(classifier.module) == before else "WRONG, network changed: "
        return [classifier.name, method, "", "", f"{changed}refused: {error}"]
    seconds = time.perf_counter() - start
    right = made.values.shape == square.shape[:2] and bool(np.isfinite(made.values).all())
    right = right and signature(classifier.module) == before and (not made.evidence or made.values.std() > 0)
    outcome = f"spread {made.values.std():.3f}" if made.evidence else NO_EVIDENCE
    return [classifier.name, method, made.layer or "", f"{seconds:.2f}", outcome if right else f"WRONG: {outcome}"]


def markdown(rows: list[list[str]]) -> str:
    """Networks x methods: the map's standard deviation (its peak is 1), or why there is none."""
    methods = [row.name for row in METHODS if any(one[1] == row.name for one in rows)]
    networks = list(dict.fromkeys(one[0] for one in rows))
    found = {(one[0], one[1]): one for one in rows}

    def cell(network: str, method: str) -> str:
        outcome = found.get((network, method), [""] * 5)[4]
        if outcome.startswith("refused"):
            return "–"
        return outcome.removeprefix("spread ").replace(NO_EVIDENCE, "none")

    def layer(network: str) -> str:
        return found.get((network, "gradcam"), [""] * 5)[2]

    wrong = sum("WRONG" in one[4] for one in rows)
    lines = [
        "# Every method on every family",
        "",
        "Made by `benchmarks/maps.py` (`make maps`): networks with random weights and one drawn picture. A number is",
        "the deviation of the map, whose strongest place is 1: it is finite, not constant and of the picture's",
        "size, and the network was the same afterwards (weights, mode, hooks). “none”: the method found no positive",
        "evidence, and says so. “–”: the network has no attention over places, or not in every layer, and the refusal",
        "says what to choose.",
        "A blank was not made, for it takes long.",
        "",
        f"{len(networks)} networks, {len(rows)} maps or refusals, {wrong} wrong.",
        "",
        "| network | layer by itself | " + " | ".join(methods) + " |",
        "| --- " * (len(methods) + 2) + "|",
    ]
    for network in networks:
        cells = " | ".join(cell(network, method) for method in methods)
        lines.append(f"| {network} | `{layer(network)}` | {cells} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Every method on every family; see the top of the file.")
    parser.add_argument("--out", type=Path, default=Path("maps.csv"))
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--only", default="", help="networks whose name holds this text")
    parser.add_argument("--long", action="store_true", help="methods of more than 20 forward passes too")
    chosen = parser.parse_args(arguments)
    perturbation_cam.MOST, perturbation.MASKS = 16, 32
    methods = [row.name for row in METHODS if chosen.long or row.quick]
    rows: list[list[str]] = []
    if chosen.out.exists():
        rows = list(csv.reader(chosen.out.open(newline="", encoding="utf-8")))
    done = {(row[0], row[1]) for row in rows}
    with chosen.out.open("a", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        for name, size in names().items():
            todo = [method for method in methods if (name, method) not in done]
            if chosen.only not in name or not todo:
                continue
            classifier = opened(name, size)
            square = pictures(classifier.preprocess.size, 1)[0]
            if classifier.preprocess.channels == 1:
                square = classifier.preprocess.square(square)
            for method in todo:
                row = line(classifier, square, method)
                rows.append(row)
                table.writerow(row)
                file.flush()
                print("  ".join(row), flush=True)
    if chosen.markdown:
        order = list(names())
        chosen.markdown.write_text(markdown(sorted(rows, key=lambda row: order.index(row[0]))), encoding="utf-8")
    wrong = sum("WRONG" in row[4] for row in rows)
    print(f"{wrong} wrong; the table is in {chosen.out}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

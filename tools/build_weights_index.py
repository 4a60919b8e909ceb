"""Writes published_weights.csv, what is known of published weights: `python -m tools.build_weights_index`.

torchvision names the size and address of its weights, timm the licence and repository; the size of timm's is counted
from the tensors of each network on the meta device. Weights whose publisher gives no digest are left out. Needed again
only when torchvision or timm bring new weights; those of timm that the list lacks are still found, only more slowly.
"""

import sys
from pathlib import Path

import timm
from torchvision.models import get_model_weights

from clfcore.architectures.catalogue import architectures
from clfcore.architectures.timm_registry import published_weights
from clfcore.architectures.weights_index import CSV, PublishedWeights, to_line
from clfcore.files import write_text


def torchvision_weights() -> list[PublishedWeights]:
    found = []
    for row in architectures():
        for tag in row.weights if row.source == "torchvision" else ():
            weights = get_model_weights(row.name)[tag]
            size = round(weights.meta["_file_size"] * (1 << 20))
            found.append(PublishedWeights(row.name, tag, size, "bsd-3-clause", weights.url))
    return found


def write(path: Path = CSV) -> None:
    lines = [to_line(weights) for weights in torchvision_weights()]
    for name in timm.list_pretrained():
        weights = published_weights(*name.split(".", 1))
        if weights is not None:
            lines.append(to_line(weights))
            sys.stderr.write(f"{len(lines)} {lines[-1]}\n")
    write_text(path, "\n".join(lines) + "\n")


if __name__ == "__main__":
    write()

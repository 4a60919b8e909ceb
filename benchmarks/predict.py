"""A warm photo's answer, and 200 photos in one go, against their parts: decoding alone and the forward pass alone.

The network with its ImageNet weights, as Predict and `predict` ask it: from a picture file's bytes to its classes. One
photo: median over single photos, each decoded and computed anew. Many: decoding alone, the forward pass alone over
decoded squares, and the whole, in turn each round. Aims: a photo within 60 ms for efficientnet_lite0 on two cores, and
at least 0.85 of the slower of decoding and forward pass. Ends with status 1 where one is missed.

    python benchmarks/predict.py [DATA] [--architecture efficientnet_lite0] [--photos 200] [--rounds 3] [--threads 2]
"""

import argparse
import os
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
AIM_PHOTO, AIM_MANY = 0.060, 0.85  # seconds; share of the slower part's speed
SINGLE = 30  # photos asked one by one


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", default="clothing-small", help="photos as files: a folder or a SPEC")
    parser.add_argument("--architecture", default="efficientnet_lite0")
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, help="of torch (default: as torch has it)")
    args = parser.parse_args()
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # before torch is imported, as the app has it
    import torch

    from clfcore.data.catalogue import open_dataset
    from clfcore.data.thread_pool import threads
    from clfcore.inference.many import BATCH, predictions_of
    from clfcore.inference.pictures import PictureFile
    from clfcore.inference.predictor import predictor_of
    from clfcore.runs.open_classifier import open_classifier

    if args.threads:
        torch.set_num_threads(args.threads)
    data = open_dataset(args.data)
    chosen = data.paths[: args.photos]
    pictures = [PictureFile(path.name, path.read_bytes) for path in map(Path, chosen)]
    predictor = predictor_of(open_classifier(args.architecture))
    prepared = [predictor.prepare(picture.read(), picture.name) for picture in pictures]
    predictor.predict(prepared[:1], 5)  # the folded copy is made, and a first batch asked
    predictor.predict(prepared[:BATCH], 5)
    single = []
    for picture in (pictures * SINGLE)[:SINGLE]:
        started = time.perf_counter()
        predictor.predict([predictor.prepare(picture.read(), picture.name)], 5)
        single.append(time.perf_counter() - started)
    seconds: dict[str, list[float]] = {"decoding": [], "forward": [], "whole": []}
    for _ in range(args.rounds):
        started = time.perf_counter()
        with ThreadPoolExecutor(threads()) as pool:
            list(pool.map(lambda picture: predictor.prepare(picture.read(), picture.name), pictures))
        seconds["decoding"].append(time.perf_counter() - started)
        started = time.perf_counter()
        for first in range(0, len(prepared), BATCH):
            predictor.compute([one.square for one in prepared[first : first + BATCH]])
        seconds["forward"].append(time.perf_counter() - started)
        started = time.perf_counter()
        rows = sum(len(batch) for batch in predictions_of(predictor, pictures, 5))
        seconds["whole"].append(time.perf_counter() - started)
        assert rows == len(pictures)
    shares = [max(d, f) / whole for d, f, whole in zip(*seconds.values(), strict=True)]
    photo, share = statistics.median(single), statistics.median(shares)
    print(f"{args.architecture}, torch {torch.__version__}, {torch.get_num_threads()} threads; {args.data}")
    print(f"one photo, warm: median {1000 * photo:.0f} ms of {SINGLE} (aim {1000 * AIM_PHOTO:.0f})")
    for name, times in seconds.items():
        print(f"{len(pictures)} photos, {name:8}: median {statistics.median(times):6.2f} s")
    print(f"of the slower part's speed: median {share:.2f} ({min(shares):.2f} to {max(shares):.2f}; aim {AIM_MANY})")
    sys.exit(photo > AIM_PHOTO or share < AIM_MANY)


if __name__ == "__main__":
    main()

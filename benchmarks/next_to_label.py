"""How accuracy grows with labels that are chosen by margin, entropy, core-set or at random.

    python benchmarks/next_to_label.py FOLDER [--rounds 10] [--each 50] [--seeds 3]

FOLDER is a dataset with labels. Of its training images, a first lot is labeled at random, then each round more are
chosen among the rest; a linear head on embeddings is fitted anew and scored on the test split.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

ARCHITECTURE = "efficientnet_lite0"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--each", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    from clfcore.data.catalogue import open_dataset
    from clfcore.embeddings.pretrained import embed_dataset
    from clfcore.quality.next_to_label import STRATEGIES, choose_next
    from clfcore.quality.out_of_fold import fitted_logits

    embedded = embed_dataset(open_dataset(args.folder), ARCHITECTURE)
    dataset, x = embedded.dataset, embedded.all
    if dataset.task.kind != "single-label":
        parser.error(f"{args.folder} is {dataset.task.kind}: give single-label data")
    task, targets, train, test = dataset.task, dataset.targets, dataset.splits["train"], dataset.splits["test"]
    print("labels    " + "".join(f"{args.each * (i + 1):8,}" for i in range(args.rounds)))
    for strategy in STRATEGIES:
        accuracies = np.zeros((args.seeds, args.rounds))
        for seed in range(args.seeds):
            rest = np.random.default_rng(seed).permutation(train)
            labeled, rest = rest[: args.each], rest[args.each :]
            for round_number in range(args.rounds):
                chooses = np.arange(len(labeled)) % 5 == 0
                asked = np.concatenate([test, rest])
                logits = fitted_logits(task, targets[labeled], x[labeled], chooses=chooses, pool=x[asked])
                accuracies[seed, round_number] = (logits[: len(test)].argmax(axis=1) == targets[test]).mean()
                rows, _ = choose_next(
                    strategy, logits=logits[len(test) :], task=task, pool=x[rest], labeled=x[labeled],
                    count=args.each, seed=seed,
                )  # fmt: skip
                labeled, rest = np.concatenate([labeled, rest[rows]]), np.delete(rest, rows)
        print(f"{strategy:10}" + "".join(f"{value:8.3f}" for value in accuracies.mean(axis=0)), flush=True)


if __name__ == "__main__":
    main()

"""False alarms at the rate that was asked for, and what is caught of strangers, near and far.

    python benchmarks/unknown.py [DATA:ARCHITECTURE…]

A run is trained on each dataset; `unknown` measures its limits. Then validation and test are pooled and redrawn 100
times: the threshold is chosen on one half at 5% and counted on the other, which one split alone tells only roughly.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

if TYPE_CHECKING:
    from clfcore.classifier import Classifier
    from clfcore.data.dataset import ImageDataset

ASKED, DRAWS = 0.05, 100


def redrawn(scores: np.ndarray) -> np.ndarray:
    """False alarms of the second half by a threshold of the first, one a draw."""
    from clfcore.unlike import threshold_at

    rng, half, rates = np.random.default_rng(0), len(scores) // 2, []
    for _ in range(DRAWS):
        mixed = rng.permutation(scores)
        rates.append((mixed[half:] > threshold_at(mixed[:half], ASKED)).mean())
    return np.array(rates)


def embeddings_of(classifier: "Classifier", dataset: "ImageDataset") -> np.ndarray:
    """Embeddings of the test images."""
    from clfcore.runs.unlike import embed_squares, square_of_item

    def squares(indices: np.ndarray) -> np.ndarray:
        return np.stack([square_of_item(classifier, dataset, int(i)) for i in indices])

    return embed_squares(classifier, squares, dataset.splits["test"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", default=["clothing-small:efficientnet_lite0", "digits:lenet5"])
    args = parser.parse_args()
    from clfcore import api
    from clfcore.parse_config import parse_config
    from clfcore.runs.create import create_run
    from clfcore.runs.execute import execute
    from clfcore.runs.open_classifier import classifier_of
    from clfcore.runs.run_data import open_run_data
    from clfcore.runs.unlike import kept_reference
    from clfcore.unlike import energy

    with tempfile.TemporaryDirectory(prefix="clflab-unknown-") as folder:
        for text in args.runs:
            spec, _, name = text.rpartition(":")
            run = create_run(parse_config({"data": spec, "architecture": name}), Path(folder))
            execute(run)
            report = api.unknown(str(run.path), false_alarms=ASKED)
            print(f"{text}: {report.message}")
            reference, dataset, classifier = kept_reference(run), open_run_data(run), classifier_of(run)
            assert reference is not None, "it was measured"

            test = reference.distance(embeddings_of(classifier, dataset))
            logits = [run.predictions(split).logits for split in ("validation", "test")]
            pooled = {
                "neighbors": np.concatenate([reference.validation, test]),
                "energy": energy(np.concatenate(logits), run.task),
            }
            for limit in report.scores:
                rates = redrawn(pooled[limit.score])
                assert limit.far is not None, "it was measured"
                near = "–" if limit.near is None else f"{limit.near.auroc:.3f} ({limit.near.share:.0%} caught)"
                low, high = np.quantile(rates, [0.05, 0.95])
                alarms = f"{rates.mean():.1%} ({low:.1%} to {high:.1%})"
                print(f"  {limit.score}: false alarms over {DRAWS} redrawn splits {alarms}")
                print(f"    AUROC near {near}, far {limit.far.auroc:.3f} ({limit.far.share:.0%} caught)")


if __name__ == "__main__":
    main()

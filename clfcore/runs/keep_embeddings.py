"""Training embeddings kept with a run as it ends, so that its classifier can say "unlike what I was trained on"."""

from collections.abc import Sequence

import numpy as np

from clfcore.classifier import Classifier
from clfcore.data.dataset import Split
from clfcore.embeddings.embedder import Embedder
from clfcore.embeddings.shards import kept_embeddings
from clfcore.errors import InputError
from clfcore.logs import log
from clfcore.runs.session import Session
from clfcore.runs.unlike import embed_squares, keep_reference
from clfcore.training.embedding_rows import StoredRows


def keep_embeddings(session: Session) -> None:
    """Embed a sample of training and validation with the run's final network; a fitted head's are at hand already.

    Without them the run is as good, and is compared by probability alone: no fault of theirs ends it.
    """
    prepared = session.prepared
    classifier = Classifier(
        session.run.id, prepared.module, prepared.preprocess, prepared.dataset.task, head=prepared.head
    )

    def squares(indices: np.ndarray) -> np.ndarray:
        return prepared.preprocess.center(prepared.decoded.tones(indices, prepared.preprocess))

    def embed(split: Split, rows: np.ndarray) -> np.ndarray:
        indices = prepared.dataset.splits[split]
        cached = _cached(session, indices)
        if cached is not None:
            return next(StoredRows(cached).batches([rows])).numpy()

        def progress(done: int, total: int) -> None:
            session.check_stop()
            session.report("embedding", done, total, split=split)

        return embed_squares(classifier, squares, indices[rows], progress=progress)

    try:
        keep_reference(session.run, prepared.dataset, embed)
    except (InputError, RuntimeError, ValueError) as error:  # torch raises these of a network that is unlike others
        log.info("no training embeddings are kept: %s", error)


def _cached(session: Session, indices: np.ndarray) -> Sequence[np.ndarray] | None:
    """What feature extraction embedded: the input of its linear head, which is the network's last."""
    prepared = session.prepared
    if prepared.config.strategy != "feature-extraction" or prepared.head != "linear":
        return None
    embedder = Embedder(prepared.module, prepared.preprocess, prepared.start.identity, prepared.device)
    return kept_embeddings(embedder, prepared.decoded, indices)

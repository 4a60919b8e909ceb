"""Whatever Predict says of a photo comes from one forward pass."""

import pytest
import torch

from clfcore.classifier import Classifier, Outputs
from clfcore.runs.folder import Run
from tests.support.pages import OpenPage
from ui.photos.unlike import judge_job


def test_a_photo_is_computed_once_for_its_classes_its_set_and_whether_it_is_unlike(
    open_page: OpenPage, finished_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes: list[int] = []
    outputs_of = Classifier.outputs_of

    def counted(self: Classifier, x: torch.Tensor, *, embeddings: bool = False) -> Outputs:
        passes.append(len(x))
        return outputs_of(self, x, embeddings=embeddings)

    judge_job(finished_run.id).thread.join()
    monkeypatch.setattr(Classifier, "outputs_of", counted)
    app = open_page("predict", sample="cat", model=finished_run.id)
    assert not app.exception
    assert passes == [1]
    shown = " ".join(str(element.proto.body) for element in app.get("html"))
    assert "clf-top" in shown
    assert "% set (" in shown

"""What people call a run: kept with it, bounded, and no part of its address."""

import pytest

from clfcore.api import list_runs, name_run, note_run, show_run, tag_run
from clfcore.errors import InputError
from clfcore.runs.about import about
from clfcore.runs.folder import Run, open_run
from clfcore.runs.index import listed, score_of
from tests.support.stored_runs import of_labels, stored_run


def test_a_name_a_note_and_tags_are_kept_with_the_run_each_by_itself() -> None:
    run = stored_run(1, right=0.8)
    name_run(run.id, "  With   <b>padding</b> ")
    note_run(run.id, "First line\nsecond")
    named = tag_run(run.id, ["baseline", "baseline", "week 3"])
    assert (named.name, named.note, named.tags) == ("With <b>padding</b>", "First line\nsecond", ("baseline", "week 3"))
    assert name_run(run.id, "").name == ""
    assert about(run).tags == ["baseline", "week 3"]
    assert listed(run).about.note == "First line\nsecond"
    assert tag_run(run.id, []).tags == ()


def test_two_runs_of_a_folder_have_no_name_in_common_and_a_name_is_no_address() -> None:
    one, other = stored_run(1, right=0.8), stored_run(2, right=0.8)
    name_run(one.id, "baseline")
    name_run(one.id, "baseline")
    with pytest.raises(InputError, match=f"run {one.id} is called so already"):
        name_run(other.id, "baseline")
    with pytest.raises(InputError):
        open_run("baseline")


@pytest.mark.parametrize("text", ["x" * 81, "\x1b[31mred", "left\u202eright"])
def test_names_that_cannot_be_shown_are_refused_and_the_old_one_stays(text: str) -> None:
    run = stored_run(1, right=0.8)
    name_run(run.id, "baseline")
    with pytest.raises(InputError):
        name_run(run.id, text)
    assert about(run).name == "baseline"


def test_a_damaged_file_of_names_hides_no_run() -> None:
    run = stored_run(1, right=0.8)
    (run.path / "about.json").write_text('{"name": 5')
    assert about(run).name == ""
    assert listed(run).state == "completed"
    assert name_run(run.id, "again").name == "again"


def test_lists_give_the_main_metric_of_each_task(finished_run: Run) -> None:
    single = score_of(finished_run.results)
    assert single is not None
    assert (single.metric, single.split) == ("accuracy", "test")
    labels = of_labels(3, 0.5)
    labels.write("metrics.json", {"metrics": {"validation": {"mean_average_precision": 0.5, "micro_f1": 0.1}}})
    score = score_of(labels.results)
    assert score is not None
    assert (score.metric, score.split, score.value) == ("mean average precision", "validation", 0.5)
    levels = {"family": {"accuracy": 0.9}, "shape": {"accuracy": 0.7}, "consistency": 1.0}
    labels.write("metrics.json", {"metrics": {"test": levels}})
    score = score_of(labels.results)
    assert score is not None
    assert (score.text, score.share) == ("finest-level accuracy 70.0% on test", True)


def test_the_time_of_creation_survives_a_resume_and_is_listed() -> None:
    run = stored_run(1, right=0.8)
    run.write("state.json", {"state": "cancelled", "created": "2026-01-02T03:04:05+00:00"})
    run.set_state("queued")
    assert run.status.created == "2026-01-02T03:04:05+00:00"
    assert [one.created for one in list_runs().runs if one.run == run.id] == ["2026-01-02T03:04:05+00:00"]
    assert show_run(run.id).runs[0].name == ""

"""The lab from Python: one typed function for everything that the command line and the pages do.

    from clfcore.api import predict, train

A name is loaded with its module at its first use, so that importing this costs nothing.
"""

# ruff: noqa: F401  (the imports below are for type checkers alone)

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clfcore.api.architectures import (
        compare_architectures,
        describe_architecture,
        feature_maps,
        list_architectures,
        show_source,
    )
    from clfcore.api.comparison import compare, measure, report, train_to_compare
    from clfcore.api.data_quality import quality
    from clfcore.api.datasets import (
        add_dataset,
        check_dataset,
        delete_dataset,
        download_dataset,
        export_dataset,
        list_datasets,
        rename_dataset,
    )
    from clfcore.api.evaluation import Choice, Mark, calibrate, errors, evaluate
    from clfcore.api.explanations import check_maps, explain, nearest_examples
    from clfcore.api.exploration import map_dataset, next_to_label, search_similar
    from clfcore.api.exports import export
    from clfcore.api.fields import FIELDS, flag
    from clfcore.api.inbox import label_inbox
    from clfcore.api.inspection import inspect_item
    from clfcore.api.lessons import forget_lessons, list_lessons, print_lesson, run_lesson
    from clfcore.api.many_predictions import predict_many
    from clfcore.api.network_studies import gradient_norms, published_accuracy, scale_efficientnet, time_architecture
    from clfcore.api.policies import delete_policy, list_policies, preview_policy, save_policy, show_policy, trial
    from clfcore.api.predictions import list_classes, predict
    from clfcore.api.reliability import sets, unknown
    from clfcore.api.retraining import retrain, verdict
    from clfcore.api.robustness_report import robustness
    from clfcore.api.runs import delete_run, list_runs, name_run, note_run, resume, show_run, stop_run, tag_run, train
    from clfcore.api.serving import serve, serving_app
    from clfcore.api.slice_report import slices
    from clfcore.api.sweeps import sweep
    from clfcore.api.system import cache_usage, clear_cache, doctor, run_app
    from clfcore.api.tokens import token_attention
    from clfcore.api.training import advise, check, command_of, configuration, defaults, find_rate, more_pictures, plan
    from clfcore.api.transfers import pull_run, push_run
    from clfcore.api.versions import (
        correct_dataset,
        decide,
        diff_datasets,
        list_decisions,
        list_versions,
        undo_decisions,
    )
    from clfcore.api.weights import get_weights, list_weights

# Every public name and the module of this package that it is defined in, or shown by.
_NAMES = {
    "architectures": (
        "compare_architectures",
        "describe_architecture",
        "feature_maps",
        "list_architectures",
        "show_source",
    ),
    "comparison": ("compare", "measure", "report", "train_to_compare"),
    "data_quality": ("quality",),
    "datasets": (
        "add_dataset",
        "check_dataset",
        "delete_dataset",
        "download_dataset",
        "export_dataset",
        "list_datasets",
        "rename_dataset",
    ),
    "evaluation": ("Choice", "Mark", "calibrate", "errors", "evaluate"),
    "explanations": ("check_maps", "explain", "nearest_examples"),
    "exports": ("export",),
    "fields": ("FIELDS", "flag"),
    "reliability": ("sets", "unknown"),
    "lessons": ("forget_lessons", "list_lessons", "print_lesson", "run_lesson"),
    "many_predictions": ("predict_many",),
    "exploration": ("map_dataset", "next_to_label", "search_similar"),
    "inbox": ("label_inbox",),
    "inspection": ("inspect_item",),
    "network_studies": ("gradient_norms", "published_accuracy", "scale_efficientnet", "time_architecture"),
    "policies": ("delete_policy", "list_policies", "preview_policy", "save_policy", "show_policy", "trial"),
    "predictions": ("list_classes", "predict"),
    "retraining": ("retrain", "verdict"),
    "robustness_report": ("robustness",),
    "runs": ("delete_run", "list_runs", "name_run", "note_run", "resume", "show_run", "stop_run", "tag_run", "train"),
    "serving": ("serve", "serving_app"),
    "slice_report": ("slices",),
    "system": ("cache_usage", "clear_cache", "doctor", "run_app"),
    "sweeps": ("sweep",),
    "tokens": ("token_attention",),
    "transfers": ("pull_run", "push_run"),
    "versions": (
        "correct_dataset",
        "decide",
        "diff_datasets",
        "list_decisions",
        "list_versions",
        "undo_decisions",
    ),
    "weights": ("get_weights", "list_weights"),
    "training": ("advise", "check", "command_of", "configuration", "defaults", "find_rate", "more_pictures", "plan"),
}
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names}
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:  # whatever the name stands for
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__all__", "__doc__"]

"""What pages share: choices, pictures, numbers, refusals, and everything that is computed once and kept."""

from ui.averaged import averaged_beside, choose_views
from ui.before import check_before
from ui.beside import baselines_beside
from ui.both_curves import both_curves_view
from ui.cached import after_first_paint, predictions_csv
from ui.calibration import calibration_view, choose_calibrated
from ui.compare import choose_compared, compared_table, overlaid_view, paired_view, paired_words
from ui.confusion import confusion_view
from ui.costs import cost_view, measure_costs
from ui.data import (
    browse,
    catalogue_table,
    choose_data,
    data_advice,
    data_counts,
    data_numbers,
    data_problems,
    problems_label,
    read_data,
)
from ui.data_tasks import data_structure
from ui.differ import differ_view, ensemble_view, moved_view
from ui.entry import refuse_foreign_pages, through_app, wait_for_figures, wait_for_networks
from ui.explain import maps_view
from ui.explain_choose import choose_pictures, choose_question
from ui.explain_examples import examples_view
from ui.explain_inside import layers_view
from ui.explain_measured import can_and_cannot, check_view, removed_view
from ui.feedback import refusals
from ui.fetch import fetch_datasets
from ui.home import newest_runs, sample_strip, ways
from ui.judge import choose_judged, classes_view, headline
from ui.live import run_in_address, watch
from ui.mistakes import mistakes_view
from ui.operating import operating_view
from ui.options import choose_options
from ui.policy import choose_policy_named, edit_policy, keep_policy, warn_of_labels
from ui.rare import rare_classes
from ui.recipe import choose_preset, label_warning, schedule_preview
from ui.reports import compare_report, report_buttons
from ui.same import same_view
from ui.spoken import choose_sureness
from ui.strategy import choose_weights, say_where_from, take_over
from ui.table import active_runs, choose_runs, queue, side_by_side
from ui.task_views import has_levels, label_tabs, level_tabs
from ui.together import train_to_compare
from ui.training import choose_fit, choose_network, configure, defaults, show_plan, train_button
from ui.trial import does_it_help
from ui.verdict import choose_models, choose_photos, verdicts
from ui.views import (
    LOOKS,
    about,
    choose_model,
    choose_source,
    preprocess_of,
    show_pairs,
    show_statistics,
    show_strip,
    show_two,
    show_views,
)

__all__ = [
    "LOOKS",
    "about",
    "active_runs",
    "after_first_paint",
    "averaged_beside",
    "baselines_beside",
    "both_curves_view",
    "browse",
    "calibration_view",
    "can_and_cannot",
    "catalogue_table",
    "check_before",
    "check_view",
    "choose_calibrated",
    "choose_compared",
    "choose_data",
    "choose_fit",
    "choose_judged",
    "choose_model",
    "choose_models",
    "choose_network",
    "choose_options",
    "choose_photos",
    "choose_pictures",
    "choose_policy_named",
    "choose_preset",
    "choose_question",
    "choose_runs",
    "choose_source",
    "choose_sureness",
    "choose_views",
    "choose_weights",
    "classes_view",
    "compare_report",
    "compared_table",
    "configure",
    "confusion_view",
    "cost_view",
    "data_advice",
    "data_counts",
    "data_numbers",
    "data_problems",
    "data_structure",
    "defaults",
    "differ_view",
    "does_it_help",
    "edit_policy",
    "ensemble_view",
    "examples_view",
    "fetch_datasets",
    "has_levels",
    "headline",
    "keep_policy",
    "label_tabs",
    "label_warning",
    "layers_view",
    "level_tabs",
    "maps_view",
    "measure_costs",
    "mistakes_view",
    "moved_view",
    "newest_runs",
    "operating_view",
    "overlaid_view",
    "paired_view",
    "paired_words",
    "predictions_csv",
    "preprocess_of",
    "problems_label",
    "queue",
    "rare_classes",
    "read_data",
    "refusals",
    "refuse_foreign_pages",
    "removed_view",
    "report_buttons",
    "run_in_address",
    "same_view",
    "sample_strip",
    "say_where_from",
    "schedule_preview",
    "show_pairs",
    "show_plan",
    "show_statistics",
    "show_strip",
    "show_two",
    "show_views",
    "side_by_side",
    "take_over",
    "train_button",
    "train_to_compare",
    "verdicts",
    "wait_for_figures",
    "wait_for_networks",
    "warn_of_labels",
    "watch",
    "ways",
]

through_app()

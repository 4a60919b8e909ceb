"""The commands that train, and those that measure before a launch."""

import argparse
from typing import TYPE_CHECKING

from clfcore import api
from clfcore.cli.command import Command, Values, argument
from clfcore.cli.flags import OVERWRITE, between, configuration, names_of, number, whole
from clfcore.cli.run_views import comparison_table, run_text
from clfcore.cli.terminal import bar, shower, table
from clfcore.distributed.environment import speaks
from clfcore.files import typed_path
from clfcore.numerals import decimal

if TYPE_CHECKING:
    from clfcore.results import Result


def _train(args: argparse.Namespace) -> "Result":
    return api.train(configuration(args), processes=args.processes, show=shower() if speaks() else None)


def _resume(args: argparse.Namespace) -> "Result":
    return api.resume(args.name, processes=args.processes, show=shower() if speaks() else None)


def _stop(args: argparse.Namespace) -> "Result":
    return api.stop_run(args.name, after_epoch=args.after_epoch, keep_best=args.keep_best, show=shower())


_STOPPING = {
    "now": "stops after the batch under way; `resume {run}` goes on with it",
    "epoch": "stops after the epoch under way; `resume {run}` goes on with it",
    "best": "ends after the batch under way, evaluates its best epoch so far and completes",
}


def _stopped(result: Values) -> str:
    if "outcome" in result:
        return run_text(result["outcome"])
    return f"run {result['run']} {_STOPPING[result['request']].format(run=result['run'])}"


def _check(args: argparse.Namespace) -> "Result":
    out = typed_path(args.out, "out") if args.out else None
    return api.check(configuration(args), out=out, overwrite=args.overwrite, progress=bar("training"))


def _check_text(result: Values) -> str:
    overfit, batch = result["one_batch"], result["first_batch"]
    labels = ", ".join(one["label"] for one in batch["items"])
    span = "the network's input runs from {smallest:.2f} to {largest:.2f}, mean {mean:.2f}, deviation {deviation:.2f}"
    lines = [overfit["verdict"], f"first batch: {labels}", span.format(**batch["input"])]
    return "\n".join(lines + ([f"written to {batch['out']}"] if batch["out"] else []))


def _advise(args: argparse.Namespace) -> "Result":
    return api.advise(
        configuration(args),
        measured=args.measure,
        seconds=args.seconds,
        sample=args.sample,
        progress=bar("training"),
    )


def _advice_text(result: Values) -> str:
    then = f"; then {result['then']}" if result["then"] else ""
    lines = [f"begin with {result['strategy']}{then}", *result["reasons"]]
    if "ranking" in result:
        ranking = result["ranking"]
        names = ("strategy", "score", "interval", "epochs", "seconds", "trainable")
        rows = [[_interval(row[name]) for name in names] for row in ranking["tried"]]
        lines += ["", table(rows, names), f"on {ranking['train_items']} training images", ranking["sentence"]]
    return "\n".join(lines)


def _find_rate(args: argparse.Namespace) -> "Result":
    span = {"lowest": args.lowest, "highest": args.highest, "steps": args.steps}
    return api.find_rate(configuration(args), **span, progress=bar("training"))


def _rate_text(result: Values) -> str:
    shown = list(zip(result["rates"], result["losses"], strict=True))[:: max(1, len(result["rates"]) // 20)]
    rows = [[decimal(rate), f"{loss:.4f}"] for rate, loss in shown]
    return "\n".join([table(rows, ("rate", "loss")), result["sentence"]])


def _more_pictures(args: argparse.Namespace) -> "Result":
    return api.more_pictures(configuration(args), progress=bar("embedding"))


def _curve_text(result: Values) -> str:
    names = ("items", "score", "interval")
    rows = [[_interval(row[name]) for name in names] for row in result["points"]]
    return "\n".join([table(rows, names), result["sentence"]])


def _interval(value: object) -> object:
    return "{:.3f} to {:.3f}".format(*value) if isinstance(value, (tuple, list)) else value


def _train_to_compare(args: argparse.Namespace) -> "Result":
    several = {}
    for name in ("architecture", "strategy"):
        several[name] = names_of(getattr(args, f"field.{name}"))
        setattr(args, f"field.{name}", next(iter(several[name]), "scratch" if name == "strategy" else None))
    return api.train_to_compare(
        configuration(args),
        architectures=several["architecture"],
        strategies=several["strategy"] or ["scratch"],
        seeds=args.seeds,
        show=shower(),
    )


def _sweep_text(result: Values) -> str:
    """What could not be trained or failed, then the comparison."""
    lines = [f"left out, {one['name']}: {one['reason']}" for one in result["refused"]]
    lines += [f"{run['run']}: {run['state']} ({run['message']})" for run in result["runs"] if run["message"]]
    comparison = result["comparison"]
    return "\n".join([*lines, comparison["error"] if "error" in comparison else comparison_table(comparison)])


PROCESSES = argument(
    "--processes",
    type=between(1, 256),
    metavar="N",
    help="processes that share each batch: a GPU or a part of the CPU each (default 1; resume: as before)",
)
COMMANDS = (
    Command(
        name="train",
        help="train a classifier",
        example="train --data digits --architecture lenet5 --epochs 15",
        arguments=(PROCESSES,),
        configured=True,
        run=_train,
        calls=("train",),
        render=run_text,
    ),
    Command(
        name="resume",
        help="go on with a run that was interrupted, stopped or finished early",
        example="resume 20260131-1200",
        arguments=(argument("name", metavar="RUN", help="a run: id or folder"), PROCESSES),
        run=_resume,
        calls=("resume",),
        render=run_text,
    ),
    Command(
        name="stop",
        help="stop a run of another process, or complete a run with its best epoch so far",
        example="stop 20260131-1200 --keep-best",
        arguments=(
            argument("name", metavar="RUN", help="a run: id or folder"),
            argument("--after-epoch", action="store_true", help="when the epoch under way has ended"),
            argument(
                "--keep-best",
                action="store_true",
                help="evaluate the best epoch so far and complete; also of a run that was interrupted or stopped",
            ),
        ),
        run=_stop,
        calls=("stop_run",),
        render=_stopped,
    ),
    Command(
        name="check",
        help="before a launch: overfit one batch, show what the network sees",
        example="check --data digits --architecture lenet5 --out batch.png",
        arguments=(
            argument("--out", metavar="PNG", help="write the first batch, as the network sees it, to this file"),
            OVERWRITE,
        ),
        configured=True,
        run=_check,
        calls=("check",),
        render=_check_text,
    ),
    Command(
        name="advise",
        help="which strategy suits the data, and why; --try measures it",
        example="advise --data photos/ --architecture efficientnet_lite0 --try --seconds 60",
        arguments=(
            argument("--try", dest="measure", action="store_true", help="try all strategies on a sample, ranked"),
            argument("--seconds", type=number, default=60.0, metavar="X", help="budget of --try (default 60)"),
            argument("--sample", type=whole, default=300, metavar="N", help="images of --try (default 300)"),
        ),
        configured=True,
        run=_advise,
        calls=("advise",),
        render=_advice_text,
    ),
    Command(
        name="find-rate",
        help="search a learning rate: a short training whose rate rises",
        example="find-rate --data digits --architecture lenet5",
        arguments=(
            argument("--lowest", type=number, default=1e-6, metavar="X", help="first rate (default 1e-6)"),
            argument("--highest", type=number, default=1.0, metavar="X", help="last rate (default 1)"),
            argument("--steps", type=whole, default=100, metavar="N", help="batches (default 100)"),
        ),
        configured=True,
        run=_find_rate,
        calls=("find_rate",),
        render=_rate_text,
    ),
    Command(
        name="more-pictures",
        help="would more pictures help? accuracy at parts of the training split",
        example="more-pictures --data photos/ --architecture efficientnet_lite0",
        arguments=(),
        configured=True,
        run=_more_pictures,
        calls=("more_pictures",),
        render=_curve_text,
    ),
    Command(
        name="train-to-compare",
        help="train architectures x strategies x seeds on one split with one recipe, and compare them",
        example="train-to-compare --data digits --architecture lenet5,resnet18_small --seeds 3 --epochs 5",
        arguments=(
            argument(
                "--seeds", type=between(0, 100), default=2, metavar="N", help="runs of each, seeds 0 to N - 1 (2)"
            ),
        ),
        configured=True,
        run=_train_to_compare,
        calls=("train_to_compare",),
        render=_sweep_text,
    ),
)

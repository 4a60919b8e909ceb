"""What `architectures` and its actions print without --json."""

from clfcore.cli.command import Values
from clfcore.cli.terminal import table
from clfcore.numerals import decimal, times


def catalogue(result: Values) -> str:
    names = ("name", "family", "year", "parameters", "smallest_image")
    rows = [
        [str(a[n]) if n == "year" else a[n] for n in names] + [", ".join(a["weights"])] for a in result["architectures"]
    ]
    return table(rows, ["name", "family", "year", "parameters", "smallest", "weights"])


def layers(result: Values) -> str:
    rows = [
        [
            r["name"],
            r["type"],
            _shape(r["output_shape"]),
            r["parameters"],
            r["multiply_adds"],
            r["activation_bytes"],
            r["receptive_field"],
        ]
        for r in result["layers"]
    ]
    head = ["layer", "type", "output", "parameters", "multiply-adds", "activation bytes", "receptive field"]
    groups = [
        [g["name"], _shape(g["output_shape"]), g["parameters"], g["multiply_adds"], g["layers"]]
        for g in result["groups"]
    ]
    size = f"{result['channels']} x {result['image_size']} x {result['image_size']}, {result['classes']:,} classes"
    totals = (
        f"{result['name']} for {size}: {result['parameters']:,} parameters, {result['multiply_adds']:,} multiply-adds, "
        f"{result['saved_bytes'] / 1e6:,.1f} MB kept to train on one image"
    )
    below = table(groups, ["group", "output", "parameters", "multiply-adds", "layers"])
    return "\n\n".join([table(rows, head), below, totals])


def comparison(result: Values) -> str:
    names = [result["a"], result["b"] if result["b"] != result["a"] else f"{result['b']} (second)"]
    rows = [["" if r["same"] else "≠", r["what"], r["a"], r["b"], _ratio(r["ratio"])] for r in result["rows"]]
    return table(rows, ["", "", *names, "ratio"]) + "\n" + result["sentence"]


def source(result: Values) -> str:
    lines = [result["title"]]
    lines += [result[name] for name in ("idea", "solved") if result[name]]
    for paper in result["papers"]:
        by = f"{', '.join(paper['authors'])}: " if paper["authors"] else ""
        lines.append(f"{by}{paper['title']}, {paper['year'] or 'undated'}. {paper['url']}")
    return "\n".join([*lines, *result["notes"], f"\n{result['block']}:\n", result["source"].rstrip()])


def stages(result: Values) -> str:
    rows = [[s["stage"], s["layer"], s["maps"], ", ".join(map(str, s["shown"]))] for s in result["stages"]]
    head = table(rows, ["stage", "layer", "maps", "those that vary most"])
    return f"{result['model']} with weights: {result['weights']}\n{head}\nwritten to {result['out']}"


def tokens(result: Values) -> str:
    side, patch = result["image_size"], result["patch"]
    before = f", after {', '.join(result['prefix'])}" if result["prefix"] else ""
    head = "mean of all heads" if result["head"] is None else f"head {result['head']} of {result['heads']}"
    lines = [
        f"{result['model']} with weights: {result['weights']}",
        f"{side} x {side} pixels in {result['rows']} x {result['columns']} patches of {patch} x {patch}{before}: "
        f"{result['tokens']:,} tokens",
        f"attention of the {result['query']} in block {result['block']} of {result['blocks']}, {head}, in percent:",
        *(" ".join(f"{100 * share:5.2f}" for share in row) for row in result["attention"]),
        *(
            f"{name}: {100 * share:.2f}%"
            for name, share in zip(result["prefix"], result["prefix_attention"], strict=True)
        ),
    ]
    return "\n".join([*lines, *([f"written to {result['out']}"] if result["out"] else [])])


def gradients(result: Values) -> str:
    parts = []
    for one in result["networks"]:
        rows = [[n["layer"], decimal(n["before"], digits=3), decimal(n["after"], digits=3)] for n in one["layers"]]
        after = f"after {result['steps']} steps"
        early, late = times(one["ratio"]), times(one["ratio_after"])
        text = f"the first layer's is {early} the last's at initialization, {late} {after}"
        parts.append(f"{one['name']}\n{table(rows, ['layer', 'at initialization', after])}\n{text}")
    return "\n\n".join(parts)


def latency(result: Values) -> str:
    rows = [
        [
            b["batch_size"],
            f"{1e3 * b['median']:.2f}",
            f"{1e3 * b['low']:.2f} to {1e3 * b['high']:.2f}",
            f"{b['images_per_second']:.1f}",
        ]
        for b in result["batches"]
    ]
    head = table(rows, ["batch", "median, ms", "10th to 90th of 100, ms", "images a second"])
    return f"{result['name']} on {result['device']}, warm\n{head}"


def timeline(result: Values) -> str:
    rows = [
        [
            p["name"],
            p["family"],
            str(p["year"]),
            p["weights"],
            f"{100 * p['top1']:.1f}%",
            p["parameters"],
            round(p["multiply_adds"]),
            p["image_size"],
        ]
        for p in result["points"]
    ]
    published = table(rows, ["name", "family", "year", "weights", "top-1", "parameters", "multiply-adds", "image"])
    dated = [[row["name"], row["family"], str(row["year"]), row["paper"]] for row in result["years"]]
    years = table(dated, ["name", "family", "year", "paper"])
    missing = f"without a published accuracy: {', '.join(result['left_out'])}"
    return f"{years}\n\n{published}\n{missing}"


def scaling(result: Values) -> str:
    text = (
        f"φ = {result['phi']:g}: depth x {decimal(result['depth'], digits=3)}, "
        f"width x {decimal(result['width'], digits=3)}, images of "
        f"{result['image_size']} pixels; α·β²·γ² = {result['product']:.3f} (target {result['target']:g}): "
        f"{times(result['cost'])} the cost of φ = 0 by the formula, {times(result['counted'])} its multiply-adds "
        "as counted"
    )
    rows = [
        [
            m["name"],
            *(
                decimal(m[which][what], digits=3)
                for what in ("depth", "width", "image_size")
                for which in ("formula", "published")
            ),
        ]
        for m in result["members"]
    ]
    head = [f"{what}{which}" for what in ("depth", "width", "image") for which in ("", " published")]
    return text + "\n" + table(rows, ["network", *head])


def _shape(lengths: list[int]) -> str:
    return " x ".join(map(str, lengths))


def _ratio(value: float | None) -> str:
    return "" if value is None else decimal(value, digits=3)

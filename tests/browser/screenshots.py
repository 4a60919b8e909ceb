"""Take the README's screenshots; into a FOLDER that is named, every page light and dark, wide and narrow.

python tests/browser/screenshots.py [FOLDER]
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

sys.path.insert(0, str(Path(__file__).parents[2]))  # it is run as a script

from clfcore.config import make
from clfcore.runs.create import create_run
from tests.browser.driver import ROOT, chromium, serving, settled

SIZES = {"": (1440, 900), "-narrow": (820, 1100)}


def addresses(run: str, other: str) -> dict[str, str]:
    """name of the picture -> the page's address."""
    return {
        "home": "",
        "predict": "predict?sample=cat",
        "data": "data?data=digits",
        "train": "train?data=digits&architecture=lenet5",
        "watch": f"train?run={run}",
        "runs": "runs",
        "evaluate": f"evaluate?run={run}",
        "explain": "explain?sample=coffee",
        "augmentations": "augmentations",
        "architectures": "architectures?architecture=resnet18",
        "compare": f"compare?runs={run}&runs={other}",
    }


def take(browser: Browser, address: str, names: dict[str, str], folder: Path, *, every: bool) -> None:
    """Each page wide and light, or in both schemes and sizes, as `NAME[-narrow][-dark].png`."""
    for scheme in ("light", "dark") if every else ("light",):
        for suffix, (width, height) in (SIZES if every else {"": SIZES[""]}).items():
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            for name, path in names.items():
                page = context.new_page()
                page.goto(f"{address}/{path}")
                settled(page, timeout=120_000)
                page.wait_for_timeout(600)
                page.screenshot(path=folder / f"{name}{suffix}{'-dark' if scheme == 'dark' else ''}.png")
                page.close()
            context.close()


def main(folder: Path, *, every: bool) -> None:
    from clfcore.runs.execute import execute

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as lab:
        made = []
        for epochs in (5, 15):
            config = make({"data": "digits", "architecture": "lenet5", "recipe": {"epochs": epochs}})
            run = create_run(config, Path(lab) / "runs")
            execute(run)
            made.append(run.id)
        with serving(Path(lab)) as address, chromium() as browser:
            take(browser, address, addresses(made[1], made[0]), folder, every=every)


if __name__ == "__main__":
    named = sys.argv[1:]
    main(Path(named[0]) if named else ROOT / "assets" / "screenshots", every=bool(named))

"""Every switch of a page goes through one helper."""

from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_no_other_file_switches_pages_itself() -> None:
    sources = [ROOT / "app.py", *(path for part in ("ui", "pages") for path in (ROOT / part).rglob("*.py"))]
    users = [str(path.relative_to(ROOT)) for path in sources if "st.switch_page(" in path.read_text(encoding="utf-8")]
    assert users == ["ui/session.py"]

"""Cards: what others named is shown as text, never run; small pictures stay sharp."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ui.cards import Card, _card, bar, picture, top_bars
from ui.formatting import shorten
from ui.messages import escape_markdown

EVIL = '<img src=x onerror="alert(1)">'


def decoded(source: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))


def test_names_from_folders_are_escaped_everywhere_on_a_card() -> None:
    small = picture(np.zeros((8, 8, 3), np.uint8))
    html = _card(Card(small, name=EVIL, truth=EVIL, predicted=EVIL, right=False, probability=0.5))
    assert "<img src=x" not in html
    assert html.count("&lt;img src=x") >= 3
    assert "<img src=x" not in top_bars([(EVIL, 0.5)])


@pytest.mark.parametrize(("right", "word"), [(True, "✓ right"), (False, "✗ wrong")])
def test_right_and_wrong_are_said_in_words_not_by_color_alone(right: bool, word: str) -> None:
    small = picture(np.zeros((8, 8, 3), np.uint8))
    assert word in _card(Card(small, name="a", truth="x", predicted="y", right=right, probability=0.9))


def test_a_small_gray_picture_keeps_its_pixels_and_is_enlarged_sharply() -> None:
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8, 1) * 4
    shown = picture(pixels)
    assert shown.sharp
    np.testing.assert_array_equal(np.asarray(decoded(shown.source)), pixels[..., 0])


def test_a_photo_becomes_a_thumbnail_with_its_proportions() -> None:
    shown = picture(np.zeros((300, 600, 3), np.uint8))
    assert not shown.sharp
    assert decoded(shown.source).size == (192, 96)


def test_an_unknown_probability_is_a_dash_and_an_empty_bar() -> None:
    small = picture(np.zeros((8, 8, 3), np.uint8))
    assert "–" in _card(Card(small, name="a", predicted="y"))
    assert "width: 0.0%" in bar(None)


def test_a_long_name_is_shortened_in_the_middle_and_whole_on_hover() -> None:
    name = "a_very_long_class_name_that_would_not_fit"
    html = _card(Card(picture(np.zeros((8, 8, 3), np.uint8)), name="i", truth=name))
    assert f'title="{name}"' in html
    assert f">{shorten(name)}<" in html


def test_plain_text_keeps_markdown_from_being_read() -> None:
    assert escape_markdown("a*b*[x](y) $1$ :red[z]") == r"a\*b\*\[x\]\(y\) \$1\$ \:red\[z\]"


def test_a_deep_dataset_is_shown_by_its_value_range(tmp_path: Path) -> None:
    """Kelvins: by themselves all white, or all gray; by the training split's range dark and light."""
    from ui.data_picker import thumbnail

    for name, level in (("cold", 285.0), ("hot", 301.0)):
        (tmp_path / "set" / name).mkdir(parents=True)
        for k in range(5):
            values = np.full((20, 20), 293 + k / 10, np.float32)
            values[5:15, 5:15] = level
            Image.fromarray(values).save(tmp_path / "set" / name / f"{k}.tif")
    shades = []
    for item in ("cold/0.tif", "hot/0.tif"):
        shown = decoded(thumbnail(str(tmp_path / "set"), 0, item).source)
        shades.append(int(np.asarray(shown.convert("L"))[10, 10]))
    assert shades == [0, 255]

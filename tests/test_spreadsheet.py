"""CSV for spreadsheets: formulas are text, numbers stay numbers, names come back exactly."""

import csv
import io
from itertools import product

import pytest

from clfcore.spreadsheet import csv_text, escaped, unescaped

FORMULAS = [
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://x")',
    "@SUM(1)",
    "+1+1",
    "-1+1",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1",
    "-",
    "-a",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_cell_that_begins_like_a_formula_is_text(text: str) -> None:
    assert escaped(text) == f"'{text}"
    assert unescaped(escaped(text)) == text


@pytest.mark.parametrize(
    "text", ["-0.53", "+1", "1e-5", "-1.5E+10", ".5", "-7", "cat", "a=b", "it's", "'quoted'", "", "图"]
)
def test_numbers_and_ordinary_names_stay(text: str) -> None:
    assert escaped(text) == unescaped(text) == text


def test_every_short_name_comes_back() -> None:
    for letters in product("'=-1@ a\t", repeat=4):
        name = "".join(letters)
        assert unescaped(escaped(name)) == name
        assert not escaped(name).startswith(("=", "@", "\t"))


def test_rows_are_read_back_by_any_reader_of_csv() -> None:
    rows = [["id", "a,b"], ['say "x"', "two\nlines"], ["cr\rhere", " edge "], ["a;b", "-0.5"], ["", "é"]]
    assert [*csv.reader(io.StringIO(csv_text(rows), newline=""), strict=True)] == rows
    assert csv_text([[None, -0.5, 3]]) == ",-0.5,3\n"

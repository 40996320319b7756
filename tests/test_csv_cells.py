"""No cell of ours is a formula for the spreadsheet that opens it."""

from __future__ import annotations

import pytest

from feelharmonic.cli.common import print_csv
from feelharmonic.csv_cells import guarded


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('=HYPERLINK("https://evil.example")', '\'=HYPERLINK("https://evil.example")'),
        ("+1+1", "'+1+1"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("-6.5", "-6.5"),
        (-6.5, "-6.5"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_what_begins_like_a_formula_gets_an_apostrophe(cell, text):
    assert guarded(cell) == text


def test_tables_that_commands_print_are_guarded(capsys):
    print_csv(("id", "distance"), [("=1+1", "0.5"), ("plain", "")])
    assert capsys.readouterr().out.splitlines() == ["id,distance", "'=1+1,0.5", "plain,"]

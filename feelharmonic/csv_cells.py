"""Cells of CSV tables that people open in a spreadsheet."""

from __future__ import annotations

#: A spreadsheet takes a cell that begins with one of these for a formula, and runs it.
FORMULA_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r")


def guarded(cell: object) -> str:
    """``cell`` as text that no spreadsheet runs: what begins like a formula and is no number gets an apostrophe."""
    text = str(cell)
    return f"'{text}" if text.startswith(FORMULA_BEGINNINGS) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

"""The text of a table, as programs and spreadsheets write it: its encoding, its separator, its records.

In: a file. Out: records of fields, each with its line's number. A quote that is never closed costs its own line alone.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from charset_normalizer import from_bytes

from feelharmonic.errors import BadInput
from feelharmonic.music.catalogue.tables.column_names import find_columns

#: How much of a file tells its encoding.
SAMPLE_BYTES = 2**20
#: What spreadsheets write where it is not UTF-8: Western, Central European, Cyrillic, Japanese, Korean, Chinese.
ENCODINGS = ["cp1252", "cp1250", "cp1251", "shift_jis", "euc_kr", "gb18030"]
#: Encodings whose texts look about as sensible are taken for equal.
CHAOS_TOLERANCE = 0.05
MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
DELIMITERS = (",", ";", "\t", "|")
#: Some exporters write a title above the header.
HEADER_LINES = 5
SEPARATOR_LINE = re.compile(r"sep=(.)")
#: What stands where a sign was lost by an earlier conversion.
LOST = "\ufffd"


def find_encoding(path: Path) -> str:
    """The encoding of the text file ``path``: UTF-8 where it can be read so, else what its bytes look like."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
    for mark, encoding in MARKS.items():
        if sample.startswith(mark):
            return encoding
    try:
        # The sample may end within a sign.
        sample[: len(sample) if len(sample) < SAMPLE_BYTES else -4].decode("utf-8")
    except UnicodeDecodeError as exc:
        if exc.end < len(sample) - 4 or len(sample) < SAMPLE_BYTES:
            return _likely(sample)
    return "utf-8"


def _likely(sample: bytes) -> str:
    """Of ENCODINGS the one that makes the most sense of ``sample``; of equals the one that is used most."""
    matches = list(from_bytes(sample, cp_isolation=ENCODINGS))
    if not matches:
        return ENCODINGS[0]
    least = min(match.chaos for match in matches)
    # Encodings that read the same text from these bytes are one match.
    likely = {
        name for match in matches if match.chaos <= least + CHAOS_TOLERANCE for name in match.could_be_from_charset
    }
    return next((name for name in ENCODINGS if name in likely), ENCODINGS[0])


def refuse_wrong_encoding(path: Path, encoding: str) -> BadInput:
    """What to raise where a part of ``path`` is not in ``encoding``: it names the line."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError as exc:
                return BadInput(
                    f"{path.name}: line {number} is not in {encoding} ({exc.reason}). "
                    "Save the file as UTF-8 and import it again."
                )
    return BadInput(f"{path.name}: expected text in {encoding}, got another encoding. Save the file as UTF-8.")


def read_header(text: io.TextIOWrapper, needed: Sequence[str], name: str) -> tuple[str, list[str], int]:
    """The separator, the names of the columns and the header's line: the first line within HEADER_LINES that has all
    of ``needed``, else the first one. Excel's line `sep=;` names the separator. Raises BadInput for an empty file."""
    named: str | None = None
    first: tuple[str, list[str], int] | None = None
    position = 0
    for number in range(1, HEADER_LINES + 1):
        line = text.readline()
        if number == 1 and not line.strip():
            raise BadInput(f"{name}: expected a header line with column names, got an empty file.")
        if number == 1 and (separator := SEPARATOR_LINE.match(line)):
            named = separator[1]
            continue
        delimiter = named or max(DELIMITERS, key=line.count)
        columns = [column.strip() for column in next(csv.reader([line], delimiter=delimiter), [])]
        if set(needed) <= find_columns(columns).keys():
            return delimiter, columns, number
        if first is None:
            first, position = (delimiter, columns, number), text.tell()
    assert first is not None
    text.seek(position)
    return first


class Records:
    """The records of ``text`` after its header. ``width``: how many fields a record has."""

    def __init__(self, text: io.TextIOBase, delimiter: str, width: int, first_line: int):
        self._delimiter = delimiter
        self._width = width
        self._line = first_line
        self._pending: list[str] = []
        self._reader = csv.reader(self._noted(text), delimiter=delimiter)

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Each record's first line and its fields; blank lines are passed over."""
        while True:
            self._pending.clear()
            try:
                fields = next(self._reader)
            except StopIteration:
                return
            except csv.Error as exc:
                fields = [f"unreadable: {exc}"]
            line, count = self._line, len(self._pending)
            self._line += count
            if count > 1 and len(fields) != self._width:
                # A quote that is never closed took the lines behind it along: each is read by itself.
                yield from self._one_by_one(line, list(self._pending))
            elif fields:
                yield line, fields

    def _one_by_one(self, line: int, texts: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
        for number, text in enumerate(texts, start=line):
            fields = next(csv.reader([text], delimiter=self._delimiter), [])
            if fields:
                yield number, fields

    def _noted(self, text: io.TextIOBase) -> Iterator[str]:
        """The lines of ``text``; those of the record that is being read are remembered."""
        note = self._pending.append
        for line in text:
            # Python 3.10's reader stops at a NUL; no title has one.
            line = line.replace("\0", "") if "\0" in line else line
            note(line)
            yield line

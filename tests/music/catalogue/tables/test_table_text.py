"""Tables as programs and spreadsheets write them: encodings, separators, decimal commas, quotes that never end."""

from __future__ import annotations

from pathlib import Path

import pytest

from feelharmonic.audio_features import FEATURES
from feelharmonic.errors import BadInput
from feelharmonic.music.catalogue.tables.csv_table import NEEDED_TO_IMPORT, Rejected, Table, TrackLine, read_scored
from feelharmonic.music.catalogue.tables.table_text import find_encoding
from tests.support.samples import PROJECT

REPORTS = PROJECT / "tests" / "support" / "reports" / "catalogue"
HEADER = ",".join(("id", "title", "artist", *FEATURES))
FIGURES = ",".join("-6.5" if name == "loudness" else "120" if name == "tempo" else "0.5" for name in FEATURES)


def lines_of(path: Path) -> list[TrackLine | Rejected]:
    with Table(path, NEEDED_TO_IMPORT) as table:
        return list(table.tracks())


@pytest.mark.parametrize(
    ("name", "tracks", "rejected"),
    [
        ("exportify_features.csv", 3, 0),
        ("excel_eu.csv", 3, 0),
        ("sepline.csv", 3, 0),
        ("cp1252.csv", 2, 0),
        ("stray_quote.csv", 3, 1),
    ],
)
def test_a_reported_table_is_read(name, tracks, rejected):
    lines = lines_of(REPORTS / name)
    assert sum(isinstance(line, TrackLine) for line in lines) == tracks
    assert sum(isinstance(line, Rejected) for line in lines) == rejected


def test_a_reported_table_without_ids_is_ranked_by_its_lines():
    assert read_scored(REPORTS / "no_id.csv").ids == ["2", "3"]


def test_names_are_right_in_windows_own_encoding():
    assert [line.artist for line in lines_of(REPORTS / "cp1252.csv")] == ["José Ñandú", "Beyoncé"]


def test_decimal_commas_are_numbers():
    line = lines_of(REPORTS / "excel_eu.csv")[0]
    assert isinstance(line, TrackLine)
    assert dict(zip(FEATURES, line.features, strict=True))["loudness"] == -6.569


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Björk, Beyoncé, Sigur Rós, Mötley Crüe", "cp1252"),
        ("Земфира, Кино, Аквариум, Сплин, Наутилус Помпилиус", "cp1251"),
        ("宇多田ヒカル、椎名林檎、サカナクション、米津玄師", "shift_jis"),
    ],
)
def test_an_encoding_is_found_by_its_text(tmp_path, text, encoding):
    path = tmp_path / "table.csv"
    path.write_bytes((text + "\n").encode(encoding) * 20)
    assert find_encoding(path) == encoding


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_read_as_such(tmp_path, encoding):
    path = tmp_path / "table.csv"
    path.write_bytes(f"{HEADER}\n{'A' * 22},うた,Beyoncé,{FIGURES}\n".encode(encoding))
    assert [line.title for line in lines_of(path)] == ["うた"]


def test_a_line_in_another_encoding_far_down_is_named(tmp_path):
    path = tmp_path / "table.csv"
    row = f"{'A' * 22},Song,Somebody,{FIGURES}\n".encode()
    path.write_bytes(f"{HEADER}\n".encode() + row * 20_000 + row.replace(b"Somebody", b"Beyonc\xe9"))
    with pytest.raises(BadInput, match="line 20002 is not in utf-8"):
        lines_of(path)


def test_a_name_that_lost_a_sign_is_rejected(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(f"{HEADER}\n{'A' * 22},Song,Beyonc\ufffd,{FIGURES}\n", encoding="utf-8")
    (line,) = lines_of(path)
    assert isinstance(line, Rejected)
    assert "earlier conversion lost" in line.reason


def test_a_quoted_cell_may_hold_lines(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(f'{HEADER}\n{"A" * 22},"One\nTwo",Somebody,{FIGURES}\n{"B" * 22},Three,Somebody,{FIGURES}\n')
    assert len(lines_of(path)) == 2

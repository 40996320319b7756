"""A table into the catalogue's file: all or nothing, progress in bytes, rejected lines beside it."""

from __future__ import annotations

import csv

import pytest

from feelharmonic.audio_features import FEATURES
from feelharmonic.errors import BadInput
from feelharmonic.music.catalogue.catalogue import Catalogue
from feelharmonic.music.catalogue.tables.importer import ImportReport, import_table

HEADER = "track_id,track_name,artist_name,genre," + ",".join(FEATURES)
GOOD = "{:022d},Song {},Artist {},pop,0.5,0.5,0.5,0.0,0.1,-6,0.05,120,0.5"


@pytest.fixture
def write(tmp_path):
    def write_table(*lines: str):
        path = tmp_path / "tracks.csv"
        path.write_text("\n".join([HEADER, *lines]) + "\n")
        return path

    return write_table


def test_valid_lines_are_added_and_the_others_written_with_their_reason(tmp_path, write):
    bad = GOOD.format(2, 2, 2).replace("120", "-1")
    path = write(GOOD.format(1, 1, 1), bad, "too,short")
    report = import_table(path, tmp_path / "catalogue.db", tmp_path / "rejected.csv")
    assert report == ImportReport(encoding="utf-8", valid=1, added=1, rejected=2)
    assert len(Catalogue([], tmp_path / "catalogue.db")) == 1
    with (tmp_path / "rejected.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert [row[:2] for row in rows[1:]] == [
        ["3", "tempo: expected 0 to 300, got -1"],
        ["4", f"expected {len(FEATURES) + 4} fields, got 2"],
    ]


def test_a_second_import_counts_what_was_there(tmp_path, write):
    rejected = tmp_path / "rejected.csv"
    import_table(write(GOOD.format(1, 1, 1)), tmp_path / "catalogue.db", rejected)
    path = write(GOOD.format(1, 1, 1), GOOD.format(2, 2, 2))
    assert import_table(path, tmp_path / "catalogue.db", rejected) == ImportReport(
        encoding="utf-8", valid=2, added=1, rejected=0
    )
    assert not rejected.exists()


def test_the_progress_sums_up_to_the_files_bytes(tmp_path, write, monkeypatch):
    monkeypatch.setattr("feelharmonic.music.catalogue.tables.importer.BATCH_LINES", 100)
    path = write(*(GOOD.format(number, number, number) for number in range(1000)))
    told: list[int] = []
    import_table(path, tmp_path / "catalogue.db", tmp_path / "rejected.csv", told.append)
    assert sum(told) == path.stat().st_size
    assert len(told) == 10


def test_a_file_that_is_no_table_leaves_nothing(tmp_path):
    path = tmp_path / "tracks.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(BadInput, match="has no column for id, title, artist"):
        import_table(path, tmp_path / "catalogue.db", tmp_path / "rejected.csv")
    assert [one.name for one in tmp_path.iterdir()] == ["tracks.csv"]

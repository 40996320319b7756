"""An import that another process made is noticed by a running server."""

from __future__ import annotations

import logging
import os
import subprocess
import sys

import pytest

from feelharmonic.audio_features import FEATURES
from feelharmonic.errors import SetupFault
from feelharmonic.music.catalogue.catalogue import Catalogue
from feelharmonic.music.catalogue.current import CHECK_INTERVAL_S, CurrentCatalogue
from feelharmonic.music.catalogue.shipped import ShippedTracks
from feelharmonic.music.catalogue.tables.importer import import_table

ID = "{:022d}"
HEADER = "track_id,track_name,artist_name,genre," + ",".join(FEATURES)
LINE = ID + ",Song,Somebody,polka,0.5,0.5,0.5,0.0,0.1,-6,0.05,120,0.5"


@pytest.fixture(scope="module")
def shipped() -> ShippedTracks:
    return ShippedTracks().first(50)


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def import_elsewhere(database, tmp_path, number: int) -> None:
    table = tmp_path / "tracks.csv"
    table.write_text(f"{HEADER}\n{LINE.format(number)}\n")
    program = (
        "import sys; from pathlib import Path; from feelharmonic.music import import_table; "
        "import_table(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[1] + '.rejected'))"
    )
    subprocess.run([sys.executable, "-c", program, str(table), str(database)], check=True)


def test_imports_are_noticed_one_after_the_other_and_no_sooner_than_looked_for(shipped, tmp_path):
    database, clock = tmp_path / "catalogue.db", Clock()
    current = CurrentCatalogue(shipped, database, clock=clock)
    assert len(current.current()) == 50
    for number in (1, 2):
        import_elsewhere(database, tmp_path, number)
        assert ID.format(number) not in current.known([ID.format(number)])
        clock.now_s += CHECK_INTERVAL_S
        current.current()
        current.wait(30)
        assert ID.format(number) in current.known([ID.format(number)])
        assert len(current.current()) == 50 + number
    assert current.genres_meant(["polka"]) == {"polka": 2}


def test_what_was_begun_with_one_catalogue_ends_with_it(shipped, tmp_path):
    database, clock = tmp_path / "catalogue.db", Clock()
    current = CurrentCatalogue(shipped, database, clock=clock)
    before = current.current()
    import_elsewhere(database, tmp_path, 1)
    clock.now_s += CHECK_INTERVAL_S
    current.current()
    current.wait(30)
    assert current.current() is not before
    assert [track.id for track in before.tracks(range(50))] != []


def test_a_file_that_cannot_be_read_leaves_the_tracks_from_before_and_a_line_in_the_log(shipped, tmp_path, caplog):
    database, clock = tmp_path / "catalogue.db", Clock()
    current = CurrentCatalogue(shipped, database, clock=clock)
    database.write_bytes(b"no catalogue")
    clock.now_s += CHECK_INTERVAL_S
    with caplog.at_level(logging.ERROR):
        current.current()
        current.wait(30)
    assert len(current.current()) == 50
    assert "import the tracks again" in caplog.text


def damage(database) -> None:
    """Overwrite the middle of the file, behind its header and schema."""
    size = database.stat().st_size
    with database.open("r+b") as file:
        file.seek(size // 3)
        file.write(b"\xa5" * (size // 3))


def test_a_damaged_file_is_named_and_the_shipped_table_serves(shipped, tmp_path, caplog):
    database = tmp_path / "catalogue.db"
    table = tmp_path / "tracks.csv"
    table.write_text("\n".join([HEADER, *(LINE.format(number) for number in range(3000))]) + "\n")
    import_table(table, database, tmp_path / "rejected.csv")
    damage(database)
    current = CurrentCatalogue(shipped, database, clock=Clock())
    assert len(current.current()) == 50
    assert "The imported tracks cannot be read; the shipped table serves alone." in caplog.text
    assert "Delete it and import the tracks again." in caplog.text
    with pytest.raises(SetupFault, match="is not a readable catalogue"):
        Catalogue(shipped, database)
    assert current.known([ID.format(1)]) == {}


def test_an_import_on_a_full_disk_says_so_and_leaves_nothing(tmp_path):
    """A limit on the size of files stands for the disk."""
    table = tmp_path / "tracks.csv"
    table.write_text("\n".join([HEADER, *(LINE.format(number) for number in range(3000))]) + "\n")
    folder = tmp_path / "instance"
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)); "
        "from feelharmonic.__main__ import main; sys.exit(main())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, "catalogue", "import", str(table)],
        env={**os.environ, "INSTANCE_DIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    assert "Reading or writing failed" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert [path.name for path in folder.iterdir() if path.suffix != ""] == []

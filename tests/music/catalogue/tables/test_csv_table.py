"""Public tables of tracks: the schemas that are about, and every way in which a line can be wrong."""

from __future__ import annotations

import csv
import io

import pytest

from feelharmonic.audio_features import FEATURES
from feelharmonic.errors import BadInput
from feelharmonic.music.catalogue.tables.csv_table import NEEDED_TO_IMPORT, NEEDED_TO_SCORE, Rejected, Table, TrackLine

ID = "3w3y8KPTfNeOKPiqUTakBh"
VALUES = {**dict.fromkeys(FEATURES, "0.5"), "loudness": "-6", "tempo": "120"}
NUMBERS = tuple(float(VALUES[name]) for name in FEATURES)


def table(tmp_path, rows: list[dict[str, str]], *, delimiter: str = ",", head: str = "") -> Table:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path = tmp_path / "tracks.csv"
    path.write_bytes((head + text.getvalue()).encode())
    return Table(path, NEEDED_TO_IMPORT)


def row(**changes: str) -> dict[str, str]:
    return {"track_id": ID, "track_name": "Song", "artist_name": "Somebody", **VALUES, **changes}


def only(table: Table) -> TrackLine | Rejected:
    with table:
        (item,) = table.tracks()
    return item


@pytest.mark.parametrize(
    ("names", "values"),
    [
        (("track_id", "track_name", "artist_name"), (ID, "Song", "Somebody")),
        (("id", "name", "artists"), (ID, "Song", "['Somebody']")),
        (("id", "name", "artist"), (ID, "Song", " Somebody ")),
        (("TRACK_ID", "Title", "Artist"), (ID, "Song", "Somebody")),
        (("uri", "track", "track_artist"), (f"spotify:track:{ID}", "Song", "Somebody")),
        (("uri", "song", "artist"), (f"https://open.spotify.com/track/{ID}?si=abc", "Song", "Somebody")),
    ],
)
def test_common_schemas_are_read(tmp_path, names, values):
    item = only(table(tmp_path, [{**dict(zip(names, values, strict=True)), **VALUES}]))
    assert item == TrackLine(ID, "Song", "Somebody", None, None, None, None, NUMBERS, "")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_other_delimiters_are_read(tmp_path, delimiter):
    assert only(table(tmp_path, [row()], delimiter=delimiter)).id == ID


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    assert only(table(tmp_path, [row()], head="\ufeff")).id == ID


@pytest.mark.parametrize(
    ("column", "text", "field", "expected"),
    [
        ("artists", "['One', 'Two']", "artist", "One, Two"),
        ("artists", "One;Two", "artist", "One, Two"),
        ("artists", "Tyler, The Creator", "artist", "Tyler, The Creator"),
        ("artists", "[unreleased]", "artist", "[unreleased]"),
        ("year", "1999", "year", 1999),
        ("year", "1999.0", "year", 1999),
        ("year", "", "year", None),
        ("year", "0", "year", None),
        ("release_date", "2021-03-19", "year", 2021),
        ("release_date", "2021-03", "year", 2021),
        ("release_date", "10/27/82", "year", 1982),
        ("release_date", "4/16/07", "year", 2007),
        ("track_genre", " Hip-Hop ", "genre", "hip-hop"),
        ("popularity", "68", "popularity", 68),
        ("popularity", "", "popularity", None),
        ("explicit", "True", "explicit", True),
        ("explicit", "0", "explicit", False),
    ],
)
def test_what_else_a_table_says_is_read(tmp_path, column, text, field, expected):
    rows = [row(**{column: text})]
    if column == "artists":
        del rows[0]["artist_name"]
    assert getattr(only(table(tmp_path, rows)), field) == expected


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"track_id": "short"}, "id: expected 22 letters and digits, got 'short'"),
        ({"track_id": ""}, "id: expected 22 letters and digits, got ''"),
        ({"track_id": ID + "x"}, f"id: expected 22 letters and digits, got '{ID}x'"),
        ({"track_name": "  "}, "title: is empty"),
        ({"track_name": "x" * 501}, "title: expected at most 500 characters, got 501"),
        ({"artist_name": ""}, "artist: is empty"),
        ({"artist_name": "[]"}, "artist: is empty"),
        ({"energy": ""}, "energy: expected a number, got ''"),
        ({"energy": "loud"}, "energy: expected a number, got 'loud'"),
        ({"energy": "1.5"}, "energy: expected 0 to 1, got 1.5"),
        ({"energy": "nan"}, "energy: expected 0 to 1, got nan"),
        ({"valence": "-0.1"}, "valence: expected 0 to 1, got -0.1"),
        ({"loudness": "inf"}, "loudness: expected -60 to 10, got inf"),
        ({"tempo": "400"}, "tempo: expected 0 to 300, got 400"),
        ({"year": "soon"}, "year: expected a year or a date, got 'soon'"),
        ({"year": "1066"}, "year: expected 1860 to 2100, got 1066"),
        ({"popularity": "many"}, "popularity: expected a number, got 'many'"),
        ({"popularity": "101"}, "popularity: expected 0 to 100, got 101"),
        ({"explicit": "perhaps"}, "explicit: expected true or false, got 'perhaps'"),
    ],
)
def test_a_line_that_is_wrong_is_rejected_with_the_reason(tmp_path, changes, reason):
    item = only(table(tmp_path, [row(**changes)]))
    assert isinstance(item, Rejected)
    assert (item.line, item.reason) == (2, reason)
    assert list(item.fields) == list(row(**changes).values())


def test_lines_are_counted_as_an_editor_does(tmp_path):
    rows = [row(track_name="two\nlines"), row(energy="x"), row(), row(energy="y")]
    with table(tmp_path, rows) as read:
        assert [item.line for item in read.tracks() if isinstance(item, Rejected)] == [4, 6]


def test_a_line_that_is_cut_short_is_rejected(tmp_path):
    path = tmp_path / "tracks.csv"
    table(tmp_path, [row()])
    path.write_text(path.read_text() + f"{ID},Song\n\n")
    with Table(path, NEEDED_TO_IMPORT) as read:
        items = list(read.tracks())
    assert items[1] == Rejected(line=3, reason="expected 12 fields, got 2", fields=(ID, "Song"))
    assert len(items) == 2


def test_an_open_quote_rejects_what_it_swallows_and_no_more_than_the_reader_can_hold(tmp_path):
    path = tmp_path / "tracks.csv"
    table(tmp_path, [row()])
    good = path.read_text().splitlines()[1] + "\n"
    path.write_text(path.read_text() + '"' + good * 3000 + good)
    with Table(path, NEEDED_TO_IMPORT) as read:
        items = list(read.tracks())
    assert isinstance(items[0], TrackLine)
    assert isinstance(items[1], Rejected)
    assert items[1].reason.startswith("expected 12 fields")


def test_bytes_that_are_no_text_do_not_stop_the_reading(tmp_path):
    path = tmp_path / "tracks.csv"
    table(tmp_path, [row(track_name="NAME"), row()])
    path.write_bytes(path.read_bytes().replace(b"NAME", b"\xff\xfe\x00x"))
    with Table(path, NEEDED_TO_IMPORT) as read:
        assert [item.id for item in read.tracks()] == [ID, ID]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected a header line"),
        ("a,b\n1,2\n", "has no column for id, title, artist, acousticness"),
        ("\x89PNG\r\n", "has no column for"),
    ],
)
def test_a_file_that_is_no_table_says_what_was_expected(tmp_path, text, words):
    path = tmp_path / "tracks.csv"
    path.write_text(text)
    with pytest.raises(BadInput, match=words):
        Table(path, NEEDED_TO_IMPORT)


def test_for_scoring_any_id_will_do(tmp_path):
    path = tmp_path / "tracks.csv"
    path.write_text(
        "id," + ",".join(VALUES) + "\n"
        "any id," + ",".join(VALUES.values()) + "\n"
        "hole," + ",".join(VALUES.values()).replace("120", "") + "\n"
        "nan," + ",".join(VALUES.values()).replace("120", "nan") + "\n"
        "short,0.5\n"
    )
    with Table(path, NEEDED_TO_SCORE) as read:
        lines = list(read.scored())
    told = [(line.id, line.features) for line in lines]
    assert told == [("any id", NUMBERS), ("hole", None), ("nan", None), ("short", None)]


def test_year_artist_and_words_are_read_where_the_table_has_them(tmp_path):
    rows = [row(genres="rock|pop", subgenres="hard rock", playlists="Sad Songs|Workout", year="1999"), row(year="soon")]
    with table(tmp_path, [{**dict.fromkeys(rows[0], ""), **one} for one in rows]) as read:
        first, second = read.scored()
    assert (first.year, first.artist, first.words) == (1999, "Somebody", "rock|pop|hard rock|Sad Songs|Workout")
    assert (second.year, second.words) == (None, "||")
    imported = only(table(tmp_path, [rows[0]]))
    assert (imported.genre, imported.words) == ("rock|pop", "rock|pop|hard rock|Sad Songs|Workout")


def test_the_tables_of_the_data_folder_are_read_whole(data_dir):
    for name, count in (("popular_tracks.csv", 3866), ("mood_labelled.csv", 532)):
        with Table(data_dir / "songs" / name, NEEDED_TO_IMPORT) as read:
            items = list(read.tracks())
        assert [item for item in items if isinstance(item, Rejected)] == []
        assert len(items) == count

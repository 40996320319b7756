"""The commands about music: rank, track-mood, catalogue import and info."""

from __future__ import annotations

import csv
import io
import subprocess
import sys

import numpy as np
import pytest
from flask import Flask

from feelharmonic import cli
from feelharmonic.audio_features import FEATURES
from feelharmonic.emotions import EMOTIONS, GOALS
from feelharmonic.music.catalogue.catalogue import Catalogue
from feelharmonic.music.catalogue.database import DATABASE_NAME
from feelharmonic.music.catalogue.fill import felt_of
from feelharmonic.music.catalogue.nearest import distances
from feelharmonic.music.catalogue.shipped import ShippedTracks
from feelharmonic.music.catalogue.starter import STARTER_PATH, read_starter
from feelharmonic.music.targets import targets_for
from feelharmonic.params import Params

HEADER = "track_id,track_name,artist_name,genre," + ",".join(FEATURES)
GOOD = "{:022d},Song {},Artist {},pop,0.5,0.5,0.5,0.0,0.1,-6,0.05,120,0.5"


@pytest.fixture
def app(tmp_path) -> Flask:
    app = Flask("feelharmonic", instance_path=str(tmp_path / "instance"))
    cli.bind(app)
    return app


@pytest.fixture
def run(app):
    return lambda *words: app.test_cli_runner().invoke(args=[str(word) for word in words])


def rows_of(result) -> list[dict[str, str]]:
    assert result.exit_code == 0, result.output
    return list(csv.DictReader(io.StringIO(result.stdout)))


@pytest.mark.parametrize("emotion", EMOTIONS)
@pytest.mark.parametrize("goal", GOALS)
def test_rank_gives_every_row_once_nearest_first(run, emotion, goal):
    ranked = rows_of(run("rank", "--emotion", emotion, "--goal", goal, "--csv", STARTER_PATH))
    tracks = read_starter()
    assert sorted(row["id"] for row in ranked) == sorted(track.id for track in tracks)
    away = [float(row["distance"]) for row in ranked]
    assert away == sorted(away)
    features = np.array([[track.features[name] for name in FEATURES] for track in tracks])
    nearest = int(distances(features, targets_for(Params.load(), emotion, goal), felt_of(tracks)).argmin())
    assert ranked[0]["id"] == tracks[nearest].id


def test_rank_plays_the_mood_unless_another_goal_is_named(run):
    words = ("rank", "--emotion", "sad", "--csv", STARTER_PATH)
    assert run(*words).output == run(*words, "--goal", "match").output
    assert run(*words).output != run(*words, "--goal", "lift").output


def test_rank_puts_rows_that_cannot_be_read_last(run, tmp_path):
    table = tmp_path / "tracks.csv"
    table.write_text("\n".join([HEADER, GOOD.format(1, 1, 1).replace(",120,", ",?,"), GOOD.format(2, 2, 2)]) + "\n")
    ranked = rows_of(run("rank", "--emotion", "happy", "--csv", table))
    assert [row["id"][-1] for row in ranked] == ["2", "1"]
    assert ranked[1]["distance"] == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--emotion", "bored", "--csv", STARTER_PATH), "'bored' is not one of"),
        (("--emotion", "happy", "--csv", "nowhere.csv"), "does not exist"),
        (("--emotion", "happy", "--csv", __file__), "has no column for acousticness"),
    ],
)
def test_rank_says_what_is_wrong(run, words, message):
    result = run("rank", *words)
    assert result.exit_code != 0
    assert message in result.output
    assert "Traceback" not in result.output


def test_track_mood_keeps_the_tables_order(run):
    told = rows_of(run("track-mood", "--csv", STARTER_PATH))
    assert [row["id"] for row in told] == [track.id for track in read_starter()]
    assert {row["mood"] for row in told} == {"Calm", "Energetic", "Happy", "Sad"}
    assert all(0.25 <= float(row["confidence"]) <= 1 for row in told)


def test_words_count_for_a_tracks_mood_where_a_table_has_them(run, tmp_path):
    def told(genres: str) -> tuple[str, str]:
        table = tmp_path / "tracks.csv"
        lively = GOOD.format(1, 1, 1).replace("0.5,0.5,0.5", "0.5,0.5,0.85")
        table.write_text(f"{HEADER},genres\n{lively},{genres}\n")
        (row,) = rows_of(run("track-mood", "--csv", table))
        return row["mood"], row["confidence"]

    assert told("")[0] == "Happy"
    assert told("black metal|hardcore punk|death metal")[0] == "Energetic"


def test_a_table_without_rows_has_no_moods_and_no_rank(run, tmp_path):
    table = tmp_path / "tracks.csv"
    table.write_text(HEADER + "\n")
    assert run("track-mood", "--csv", table).stdout == "id,mood,confidence\n"
    assert run("rank", "--emotion", "happy", "--csv", table).stdout == "id,distance\n"


def test_import_tells_new_tracks_from_known_ones(run, app, tmp_path):
    table = tmp_path / "tracks.csv"
    table.write_text("\n".join([HEADER, *(GOOD.format(n, n, n) for n in range(5))]) + "\n")
    assert "5 tracks read: 5 new, 0 known before; 0 lines rejected." in run("catalogue", "import", table).output
    assert "5 tracks read: 0 new, 5 known before; 0 lines rejected." in run("catalogue", "import", table).output
    instance = tmp_path / "instance"
    assert [path.name for path in instance.iterdir()] == [DATABASE_NAME]
    assert len(Catalogue([], instance / DATABASE_NAME)) == 5


def test_import_puts_bad_lines_into_a_side_file(run, tmp_path):
    table = tmp_path / "tracks.csv"
    bad = GOOD.format(7, 7, 7).replace("-6", "-600")
    table.write_text("\n".join([HEADER, GOOD.format(1, 1, 1), bad, GOOD.format(2, 2, 2)]) + "\n")
    result = run("catalogue", "import", table)
    assert "2 tracks read: 2 new, 0 known before; 1 lines rejected" in result.output
    side = tmp_path / "instance" / "tracks.rejected.csv"
    assert str(side) in result.output
    (rejected,) = csv.DictReader(side.open(encoding="utf-8", newline=""))
    assert (rejected["line"], rejected["reason"]) == ("3", "loudness: expected -60 to 10, got -600")
    assert ",".join(rejected[name] for name in HEADER.split(",")) == bad


def test_a_mended_table_takes_its_side_file_away(run, tmp_path):
    table = tmp_path / "tracks.csv"
    table.write_text(f"{HEADER}\n{GOOD.format(1, 1, 1).replace('-6', 'x')}\n")
    run("catalogue", "import", table)
    table.write_text(f"{HEADER}\n{GOOD.format(1, 1, 1)}\n")
    run("catalogue", "import", table)
    assert not (tmp_path / "instance" / "tracks.rejected.csv").exists()


def test_info_counts_by_emotion_and_genre(run, tmp_path):
    table = tmp_path / "tracks.csv"
    known = read_starter()[0]
    table.write_text(
        "\n".join(
            [HEADER, *(GOOD.format(n, n, n).replace("pop", "polka") for n in range(7)), GOOD.format(9, 9, 9)]
        ).replace(f"{9:022d}", known.id)
        + "\n"
    )
    run("catalogue", "import", table)
    output = run("catalogue", "info").output
    starter, shipped = read_starter(), len(ShippedTracks())
    assert output.startswith(f"{shipped + 7} tracks\n")
    lines = {line.split()[0]: line.split()[1:] for line in output.splitlines() if line}
    for emotion in EMOTIONS:
        assert int(lines[emotion][0]) == sum(emotion in track.emotions for track in starter)
    assert sum(int(lines[emotion][1]) for emotion in EMOTIONS) == shipped + 7
    assert "rock" in output


def test_info_counts_the_starter_table_before_any_import(run):
    assert run("catalogue", "info").output.startswith(f"{len(ShippedTracks())} tracks\n")


def test_the_data_folders_table_imports_clean(run, data_dir):
    result = run("catalogue", "import", data_dir / "songs" / "popular_tracks.csv")
    assert "3866 tracks read: 3866 new, 0 known before; 0 lines rejected." in result.output


@pytest.mark.parametrize(("fault", "status"), [(KeyboardInterrupt, 1), (OSError("disk full"), 1)])
def test_an_interrupted_import_leaves_nothing_behind(run, tmp_path, monkeypatch, fault, status):
    table = tmp_path / "tracks.csv"
    table.write_text("\n".join([HEADER, GOOD.format(1, 1, 1).replace("-6", "x"), GOOD.format(2, 2, 2)]) + "\n")

    def break_off(*given: object) -> None:
        raise fault

    monkeypatch.setattr("feelharmonic.music.catalogue.database.DatabaseWriter.add", break_off)
    result = run("catalogue", "import", table)
    assert result.exit_code == status
    assert "Traceback" not in result.output
    assert list((tmp_path / "instance").iterdir()) == []


def test_a_reader_that_has_enough_ends_the_command_quietly(tmp_path):
    table = tmp_path / "tracks.csv"
    table.write_text("\n".join([HEADER, *(GOOD.format(n, n, n) for n in range(20_000))]) + "\n")
    program = [sys.executable, "-m", "flask", "--app", "app", "rank", "--emotion", "sad", "--csv", str(table)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as command:
        assert command.stdout.readline() == "id,distance\n"
        command.stdout.close()
        assert command.stderr.read() == ""

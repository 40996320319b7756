"""A scan notices new, changed, moved and removed files, lists broken ones, and goes on where it was stopped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from feelharmonic.audio_features import FEATURES
from feelharmonic.errors import SetupFault
from feelharmonic.music.catalogue.catalogue import Catalogue
from feelharmonic.music.catalogue.database import count_tracks
from feelharmonic.music.library.library import Library
from feelharmonic.music.library.pool import Job, Result, read_file, results_of
from feelharmonic.music.library.scanner import Progress, Scanner, ScanReport, only_scan
from feelharmonic.music.library.store import LibraryStore
from feelharmonic.music.messages import Track
from tests.support.music.files import read_or_die, tones, write_sound


class Reader:
    """Reads files in this process and counts them."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __call__(self, jobs: Sequence[Job]) -> Iterator[Result]:
        for job in jobs:
            self.read.append(Path(job.path).name)
            yield read_file(job)


@pytest.fixture
def music(tmp_path) -> Path:
    folder = tmp_path / "music"
    write_sound(folder / "a.wav", tones(440))
    write_sound(folder / "b.flac", tones(330, 660), title="Bee", artist="Insect")
    return folder


@pytest.fixture
def store(tmp_path) -> LibraryStore:
    return LibraryStore(tmp_path / "instance" / "library.db")


def scan(store: LibraryStore, *folders: Path, reader: Reader | None = None, **options) -> tuple[ScanReport, list[str]]:
    reader = reader or Reader()
    return Scanner(store, folders, results=reader, **options).scan(), getattr(reader, "read", [])


def test_new_files_are_understood_and_become_tracks(store, music):
    report, read = scan(store, music)
    assert (report.files, report.new, report.broken) == (2, 2, 0)
    assert sorted(read) == ["a.wav", "b.flac"]
    bee = next(file for file in store.files() if file.title == "Bee")
    assert (bee.artist, bee.method, len(bee.sound)) == ("Insect", "sound", 4 * len(FEATURES))
    assert bee.duration_s == pytest.approx(1.0, abs=0.05)
    assert count_tracks(store.path.with_name("library-tracks.db")) == 2


def test_nothing_is_read_again_and_no_file_is_changed(store, music):
    before = {path: path.read_bytes() for path in music.iterdir()}
    scan(store, music)
    report, read = scan(store, music)
    assert read == []
    assert (report.new, report.changed, report.removed) == (0, 0, 0)
    assert {path: path.read_bytes() for path in music.iterdir()} == before


def test_another_sound_in_a_file_is_noticed_and_its_key_stays(store, music):
    scan(store, music)
    before = {file.path: file for file in store.files()}[str(music / "a.wav")]
    write_sound(music / "a.wav", tones(110, 220, seconds=2))
    report, read = scan(store, music)
    after = {file.path: file for file in store.files()}[str(music / "a.wav")]
    assert (report.changed, read) == (1, ["a.wav"])
    assert after.key == before.key
    assert after.sound_hash != before.sound_hash


def test_new_tags_are_read_while_the_sound_is_not_understood_again(store, music):
    scan(store, music)
    before = {file.path: file for file in store.files()}[str(music / "b.flac")]
    write_sound(music / "b.flac", tones(330, 660), title="Wasp", artist="Insect")
    results = []

    def reader(jobs):
        results.extend(read_file(job) for job in jobs)
        return iter(results)

    scan(store, music, reader=reader)
    after = store.file(before.key)
    assert after.title == "Wasp"
    assert [result.understood.sound for result in results] == [None]
    assert (after.sound, after.sound_hash) == (before.sound, before.sound_hash)


def test_a_moved_file_keeps_its_key_and_where_it_was_placed(store, music):
    scan(store, music)
    before = next(file for file in store.files() if file.title == "Bee")
    with store.writing() as writer:
        assert writer.place(before.key, (0.9, 0.1))
    (music / "deep").mkdir()
    (music / "b.flac").rename(music / "deep" / "renamed.flac")
    report, _ = scan(store, music)
    after = store.file(before.key)
    assert (report.moved, report.new, report.removed) == (1, 0, 0)
    assert after.path == str(music / "deep" / "renamed.flac")
    assert (after.placed_valence, after.placed_energy) == (0.9, 0.1)


def test_a_file_moved_into_two_copies_gives_two_tracks(store, music):
    scan(store, music)
    data = (music / "b.flac").read_bytes()
    (music / "b.flac").unlink()
    (music / "c.flac").write_bytes(data)
    (music / "d.flac").write_bytes(data)
    report, _ = scan(store, music)
    files = {Path(file.path).name: file for file in store.files()}
    assert (report.moved, report.new, report.removed) == (1, 1, 0)
    assert files["c.flac"].sound == files["d.flac"].sound is not None
    assert files["c.flac"].key != files["d.flac"].key


def test_a_removed_file_is_forgotten(store, music):
    scan(store, music)
    (music / "a.wav").unlink()
    report, _ = scan(store, music)
    assert report.removed == 1
    assert [Path(file.path).name for file in store.files()] == ["b.flac"]
    assert count_tracks(store.path.with_name("library-tracks.db")) == 1


def test_broken_files_are_listed_with_the_reason_and_the_rest_goes_on(store, music):
    (music / "broken.mp3").write_bytes(b"no sound at all" * 100)
    write_sound(music / "silent.wav", tones(440, level=0.0))
    report, _ = scan(store, music)
    assert report.broken == 2
    assert {Path(file.path).name: file.fault for file in store.files() if file.fault} == {
        "broken.mp3": "damaged",
        "silent.wav": "silent",
    }
    assert count_tracks(store.path.with_name("library-tracks.db")) == 2


def test_a_scan_that_was_stopped_goes_on(store, tmp_path):
    music = tmp_path / "music"
    for number in range(4):
        write_sound(music / f"{number}.wav", tones(200 + 50 * number))

    class Stop(Exception): ...

    def stops(jobs):
        yield read_file(jobs[0])
        yield read_file(jobs[1])
        raise Stop

    seconds = iter(range(0, 1000, 2))  # each look at the clock is later than COMMIT_EVERY_S
    with pytest.raises(Stop):
        Scanner(store, [music], results=stops, clock=lambda: next(seconds)).scan()
    assert store.state()["state"] == "stopped"
    report, read = scan(store, music)
    assert sorted(read) == ["2.wav", "3.wav"]
    assert report.files == 4


def test_progress_says_how_much_is_left(store, tmp_path):
    for number in range(8):
        write_sound(tmp_path / "music" / f"{number}.wav", tones(200 + 50 * number, seconds=0.3))
    seconds = iter(range(1000))
    heard: list[Progress] = []
    Scanner(store, [tmp_path / "music"], results=Reader(), clock=lambda: next(seconds)).scan(heard.append)
    assert [(one.done, one.total) for one in heard] == [(done, 8) for done in range(1, 9)]
    assert heard[0].left_s is None
    assert heard[-1].left_s == 0


def test_a_folder_that_is_missing_or_empty_forgets_nothing(store, music):
    scan(store, music)
    with pytest.raises(SetupFault, match="is no folder"):
        scan(store, music, music / "gone")
    for path in music.iterdir():
        path.rename(music.parent / path.name)
    with pytest.raises(SetupFault, match="is a disk missing"):
        scan(store, music)
    assert len(store.files()) == 2
    assert scan(store, music, may_be_empty=True)[0].removed == 2


def test_a_name_that_the_catalogue_knows_gives_its_features(store, music):
    features = dict.fromkeys(FEATURES, 0.25) | {"loudness": -9.0, "tempo": 99.0}
    catalogue = Catalogue(
        [Track(key="k", source="other", title="Bee (Remastered 2009)", artist="Insect", features=features)]
    )
    report, _ = scan(store, music, named=catalogue.named)
    bee, other = sorted(store.files(), key=lambda file: file.named is None)
    assert report.named == 1
    assert (bee.title, other.named) == ("Bee", None)
    tracks = Catalogue((), store.path.with_name("library-tracks.db")).known([f"own:{bee.key}"])
    known = tracks[f"own:{bee.key}"].features
    assert (known["tempo"], known["energy"]) == (99.0, 0.25)
    assert known["loudness"] == pytest.approx(bee.loudness_lufs, abs=0.001)  # the file's own


def test_only_one_scan_runs_at_a_time(tmp_path):
    with only_scan(tmp_path) as first, only_scan(tmp_path) as second:
        assert (first, second) == (True, False)
    with only_scan(tmp_path) as later:
        assert later


@pytest.mark.full  # starts four processes
@pytest.mark.timeout(400)
def test_a_process_that_dies_costs_the_file_that_ended_it_alone(tmp_path):
    names = ["0.wav", "deadly.wav", "2.wav"]
    paths = [write_sound(tmp_path / name, tones(300, seconds=0.2)) for name in names]
    jobs = [Job(path=str(path), levels=0, known=frozenset()) for path in paths]
    results = {Path(result.path).name: result.fault for result in results_of(jobs, 1, read_or_die)}
    assert results == {"0.wav": "", "deadly.wav": "broken", "2.wav": ""}


def test_the_library_remembers_its_folders_and_serves_what_lies_in_them(store, music):
    scan(store, music)
    library = Library(store.path.parent)
    assert library.is_used
    assert library.folders == (music,)
    key = next(file.key for file in store.files() if file.title == "Bee")
    assert library.sound(key) == (music / "b.flac", "audio/flac")
    assert library.sound("unknown") is None
    (music / "b.flac").unlink()
    assert library.sound(key) is None


def test_a_file_that_is_no_library_is_refused(store):
    store.path.parent.mkdir()
    store.path.write_bytes(b"not a database at all" * 50)
    with pytest.raises(SetupFault, match=r"library\.db: is not a readable library"):
        store.files()

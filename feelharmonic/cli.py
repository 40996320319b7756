"""The `flask --app app …` commands. May import stages, never web."""

from __future__ import annotations

import csv
import ipaddress
import itertools
import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np
from flask import Flask, current_app
from flask.cli import with_appcontext
from werkzeug.serving import make_server

from feelharmonic.catalogue import DATABASE_NAME, Catalogue, DatabaseWriter, distances
from feelharmonic.errors import BadInput, ListenerFault, SetupFault
from feelharmonic.messages import EMOTIONS, GOALS, Reading
from feelharmonic.params import Params
from feelharmonic.pipeline import MAX_PHOTOGRAPH_BYTES, Parts
from feelharmonic.settings import Settings
from feelharmonic.targets import targets_for
from feelharmonic.track_mood import TrackMoodReader
from feelharmonic.tracks_csv import NEEDED_TO_IMPORT, NEEDED_TO_SCORE, Rejected, Table
from feelharmonic.watch import Watcher

#: Lines are taken over so many at a time; the progress bar moves once for each batch.
BATCH_LINES = 5_000

#: Tracks whose nearest emotion is looked for at a time: (7, CHUNK_ROWS, 9) float64 stays small.
CHUNK_ROWS = 50_000

GENRES_SHOWN = 25

#: The names that a folder is searched for; a file named by itself may have any.
PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")

EXIT_SOME_UNREAD = 1

CSV_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def bind(app: Flask) -> None:
    """Put the commands on ``app``."""
    for command in COMMANDS:
        app.cli.add_command(command)


@contextmanager
def faults_as_messages() -> Iterator[None]:
    """Faults of ours end a command with their text and exit status 1, not with a traceback."""
    try:
        yield
    except (BadInput, SetupFault) as exc:
        raise click.ClickException(str(exc)) from exc
    except (OSError, sqlite3.Error) as exc:
        raise click.ClickException(f"Reading or writing failed ({exc}). Nothing was changed.") from exc


@click.command()
@click.option("--emotion", type=click.Choice(EMOTIONS), required=True)
@click.option("--goal", type=click.Choice(GOALS), default="match", show_default=True)
@click.option("--csv", "path", type=CSV_FILE, required=True, help="A table of tracks with an id and the nine features.")
@faults_as_messages()
def rank(emotion: str, goal: str, path: Path) -> None:
    """Order a table's tracks by distance to the targets, nearest first: id,distance.

    Every line of the table comes once; those whose features cannot be read come last, without a distance.
    """
    ids, features, unread = _read_scored(path)
    away = distances(features, targets_for(Params.load(), emotion, goal))
    order = np.argsort(away, kind="stable")
    rows = [(ids[place], f"{away[place]:.6f}") for place in order]
    _print_csv(("id", "distance"), [*rows, *((track_id, "") for track_id in unread)])


@click.command("track-mood")
@click.option("--csv", "path", type=CSV_FILE, required=True, help="A table of tracks with an id and the nine features.")
@faults_as_messages()
def track_mood(path: Path) -> None:
    """Tell the mood of a table's tracks, in its order: id,mood,confidence.

    Lines whose features cannot be read come last, without a mood.
    """
    ids, features, unread = _read_scored(path)
    moods = TrackMoodReader.load().read(features)
    rows = [(track_id, mood.mood, f"{mood.confidence:.4f}") for track_id, mood in zip(ids, moods, strict=True)]
    _print_csv(("id", "mood", "confidence"), [*rows, *((track_id, "", "") for track_id in unread)])


@click.command()
@click.argument("paths", metavar="PICTURES…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "form", flag_value="json", help="One JSON document for each picture and line.")
@click.option("--csv", "form", flag_value="csv", default="csv", help="One line for each face (the default).")
@faults_as_messages()
def read(paths: tuple[Path, ...], form: str) -> None:
    """Read the faces of pictures, and of folders of pictures.

    A file that cannot be read is named on standard error and the rest goes on; the exit status is then 1.
    """
    parts = _wanted_parts()
    tell = _json_teller() if form == "json" else _csv_teller()
    unread = 0
    with click.progressbar(_pictures(paths), label="Reading", file=sys.stderr, item_show_func=_name) as files:
        for path in files:
            try:
                tell(path, parts.read_photograph(_read_picture(path)))
            except (ListenerFault, OSError) as fault:
                unread += 1
                click.echo(f"\n{path}: {fault}", err=True)
    if unread:
        click.echo(f"{unread} of {len(_pictures(paths))} pictures could not be read.", err=True)
        sys.exit(EXIT_SOME_UNREAD)


@click.command()
@click.option("--source", required=True, help="A camera's number, such as 0, or a video file or stream.")
@click.option("--rate", type=click.FloatRange(0.2, 30), default=5.0, show_default=True, help="Pictures read a second.")
@click.option("--group", is_flag=True, help="Everybody in view makes the mood, not the largest face alone.")
@click.option("--once", is_flag=True, help="End with the file instead of beginning anew.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@with_appcontext
@faults_as_messages()
def watch(source: str, rate: float, group: bool, once: bool, host: str, port: int) -> None:
    """Show what a camera on this machine sees: the page /watch has its stream, the mood and tracks."""
    app = current_app._get_current_object()
    watcher = Watcher(_wanted_parts(), source, rate_hz=rate, group=group, once=once)
    server = make_server(host, port, app, threaded=True)
    if not is_loopback(host):
        click.echo(f"Careful: anybody who reaches {host} sees this camera.", err=True)
    watcher.start()
    app.extensions["feelharmonic_watch"].watcher = watcher
    shown = f"[{host}]" if ":" in host else host
    click.echo(f"Watching {source} at http://{shown}:{server.server_port}/watch (Ctrl+C stops it)")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        click.echo()
    finally:
        watcher.stop()


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches ``host``."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _pictures(paths: tuple[Path, ...]) -> list[Path]:
    """The files named, and the pictures inside the folders named, in the order of their names."""
    files: list[Path] = []
    for path in paths:
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        files += [file for file in inside if file == path or file.suffix.lower() in PICTURE_SUFFIXES]
    return files


def _name(path: Path | None) -> str | None:
    return None if path is None else path.name


def _read_picture(path: Path) -> bytes:
    """At most one byte more than a photograph may have: what is larger is refused, never read whole."""
    with path.open("rb") as file:
        return file.read(MAX_PHOTOGRAPH_BYTES + 1)


def _csv_teller() -> Callable[[Path, Reading], None]:
    """Prints a line per face; a picture without one has a line that says so by its empty fields."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("file", "face", "x", "y", "width", "height", "score", "emotion", *EMOTIONS))

    def tell(path: Path, reading: Reading) -> None:
        for face in _face_rows(reading) or [{"box": [""] * 4}]:
            shares = face.get("probabilities") or [""] * len(EMOTIONS)
            row = (face.get("face", ""), *face["box"], face.get("score", ""), face.get("emotion", ""), *shares)
            writer.writerow((path, *row))

    return tell


def _wanted_parts() -> Parts:
    """The finder and the reader that the settings name, as the server takes them."""
    wanted = Settings.load()
    return Parts.load(face_finder=wanted.face_finder, expression_backend=wanted.expression_backend)


def _json_teller() -> Callable[[Path, Reading], None]:
    def tell(path: Path, reading: Reading) -> None:
        size = {"width": reading.width_px, "height": reading.height_px}
        click.echo(json.dumps({"file": str(path), **size, "faces": _face_rows(reading)}, ensure_ascii=False))

    return tell


def _face_rows(reading: Reading) -> list[dict]:
    """Each face: its box in pixels of the picture as it was read (upright, at most 1600 a side), what it shows."""
    rows = []
    for seen in reading.faces:
        shares = None if seen.expression is None else [round(value, 4) for value in seen.expression.probabilities]
        rows.append(
            {
                "face": seen.face.id,
                "box": [round(value, 1) for value in seen.face.box],
                "score": round(seen.face.score, 4),
                "emotion": "" if shares is None else EMOTIONS[int(np.argmax(shares))],
                "probabilities": shares,
            }
        )
    return rows


@click.group()
def catalogue() -> None:
    """The tracks at hand."""


@catalogue.command("import")
@click.argument("path", metavar="FILE", type=CSV_FILE)
@with_appcontext
@faults_as_messages()
def import_tracks(path: Path) -> None:
    """Add the tracks of a CSV file in one of the common public schemas.

    All of them or, if anything interrupts it, none. Lines that are no valid track go into a side file with the reason.
    """
    folder = Path(current_app.instance_path)
    side_path = folder / f"{path.stem}.rejected.csv"
    with (
        Table(path, NEEDED_TO_IMPORT) as table,
        DatabaseWriter(folder / DATABASE_NAME) as writer,
        _side_file(side_path) as side,
        click.progressbar(length=table.size_bytes, label=path.name, file=sys.stderr) as bar,
    ):
        side.writerow(("line", "reason", *table.columns))
        valid, rejected = copy_tracks(
            table, writer, lambda item: side.writerow((item.line, item.reason, *item.fields)), bar.update
        )
    if not rejected:
        side_path.unlink()
    click.echo(
        f"{valid} tracks read: {writer.added} new, {valid - writer.added} known before; {rejected} lines rejected"
        + (f", see {side_path}" if rejected else "")
        + "."
    )


@catalogue.command()
@with_appcontext
@faults_as_messages()
def info() -> None:
    """Count the tracks by emotion and by genre."""
    params = Params.load()
    here = Catalogue.load(Path(current_app.instance_path) / DATABASE_NAME)
    chosen, nearest = _count_by_emotion(here, params)
    genres = np.bincount(here.columns.genre[here.different()], minlength=len(here.genres))
    click.echo(f"{len(here)} tracks\n")
    click.echo(f"{'emotion':<12}{'chosen by hand':>16}{'nearest to it':>16}")
    for emotion, by_hand, by_targets in zip(EMOTIONS, chosen, nearest, strict=True):
        click.echo(f"{emotion:<12}{by_hand:>16}{by_targets:>16}")
    click.echo(f"\n{'genre':<28}{'tracks':>8}")
    order = [number for number in np.argsort(-genres, kind="stable") if genres[number]]
    for number in order[:GENRES_SHOWN]:
        click.echo(f"{here.genres[number] or '(none)':<28}{genres[number]:>8}")
    if len(order) > GENRES_SHOWN:
        rest = order[GENRES_SHOWN:]
        click.echo(f"{f'{len(rest)} more':<28}{genres[rest].sum():>8}")


@contextmanager
def _side_file(path: Path) -> Iterator:
    """A CSV writer onto ``path``; an import that is interrupted takes the file away with everything else."""
    with path.open("w", encoding="utf-8", newline="") as file:
        try:
            yield csv.writer(file)
        except BaseException:
            file.close()
            path.unlink()
            raise


def copy_tracks(
    table: Table, writer: DatabaseWriter, reject: Callable[[Rejected], object], progress: Callable[[int], object]
) -> tuple[int, int]:
    """The table's tracks into ``writer``, the other lines to ``reject``; how many of each.

    ``progress`` is told from time to time how many bytes were read since it was told last.
    """
    valid = rejected = shown = 0
    items = table.tracks()
    while batch := list(itertools.islice(items, BATCH_LINES)):
        tracks = [item for item in batch if not isinstance(item, Rejected)]
        writer.add(tracks)
        for item in batch if len(tracks) < len(batch) else ():
            if isinstance(item, Rejected):
                reject(item)
        valid, rejected = valid + len(tracks), rejected + len(batch) - len(tracks)
        progress(table.read_bytes - shown)
        shown = table.read_bytes
    return valid, rejected


def _read_scored(path: Path) -> tuple[list[str], np.ndarray, list[str]]:
    """The ids of the lines that can be read, their features (N, 9), and the ids of those that cannot."""
    with Table(path, NEEDED_TO_SCORE) as table:
        lines = list(table.scored())
    known = [(track_id, values) for track_id, values in lines if values is not None]
    features = np.array([values for _, values in known], np.float64).reshape(len(known), -1 if known else 9)
    return [track_id for track_id, _ in known], features, [track_id for track_id, values in lines if values is None]


def _count_by_emotion(here: Catalogue, params: Params) -> tuple[list[int], np.ndarray]:
    """For each of EMOTIONS: how many tracks somebody chose for it, and to how many its targets are the nearest."""
    chosen = [int((here.columns.chosen_for >> bit & 1).sum()) for bit in range(len(EMOTIONS))]
    targets = [targets_for(params, emotion) for emotion in EMOTIONS]
    nearest = np.zeros(len(EMOTIONS), int)
    rows = here.different()
    for start in range(0, len(rows), CHUNK_ROWS):
        features = here.features(rows[start : start + CHUNK_ROWS])
        away = np.array([distances(features, target) for target in targets])  # (7, K)
        nearest += np.bincount(away.argmin(axis=0), minlength=len(EMOTIONS))
    return chosen, nearest


def _print_csv(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)


#: Every command, in the order in which `flask --app app --help` shows them.
COMMANDS: tuple[click.Command, ...] = (read, watch, rank, track_mood, catalogue)

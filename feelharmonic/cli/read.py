"""`read`: the faces of pictures and of folders of pictures."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from feelharmonic.cli.common import faults_as_messages, load_networks
from feelharmonic.emotions import EMOTIONS, guess_of, valence_arousal
from feelharmonic.errors import ListenerFault
from feelharmonic.reading import MAX_PHOTOGRAPH_FILE_BYTES, Reading

#: Suffixes of the files that are read of a folder; a file named by itself may have any.
PICTURE_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".avif", ".heic", ".heif")

#: Columns after the emotions': where the face lies between them; whether its emotion is sure, what it could be as well,
#: which half of it is hidden.
PLACE, GUESS = ("valence", "arousal"), ("sure", "second", "hidden")

#: How many suffixes of skipped files are named.
MAX_KINDS_NAMED = 8

EXIT_SOME_UNREAD = 1


@click.command()
@click.argument("paths", metavar="PICTURES…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "form", flag_value="json", help="One JSON document for each picture and line.")
@click.option("--csv", "form", flag_value="csv", default="csv", help="One line for each face (the default).")
@faults_as_messages()
def read(paths: tuple[Path, ...], form: str) -> None:
    """Read the faces of pictures, and of folders of pictures.

    A file that cannot be read is named on standard error and the others are read; the exit status is then 1.
    """
    networks = load_networks()
    print_reading = _json_printer() if form == "json" else _csv_printer()
    unread = 0
    pictures = _pictures(paths)
    with click.progressbar(pictures, label="Reading", file=sys.stderr, item_show_func=_name) as files:
        for path in files:
            try:
                reading = networks.read_photograph(_read_picture(path), MAX_PHOTOGRAPH_FILE_BYTES)
            except (ListenerFault, OSError) as fault:
                unread += 1
                click.echo(f"\n{path}: {fault}", err=True)
            else:
                print_reading(path, reading)
    if unread:
        click.echo(f"{unread} of {len(pictures)} pictures could not be read.", err=True)
        sys.exit(EXIT_SOME_UNREAD)


def _pictures(paths: tuple[Path, ...]) -> list[Path]:
    """The files named, and the pictures inside the folders named, in the order of their names."""
    files: list[Path] = []
    for path in paths:
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        pictures = [file for file in inside if file == path or file.suffix.lower() in PICTURE_SUFFIXES]
        if not pictures:
            click.echo(f"{path}: no pictures ({', '.join(PICTURE_SUFFIXES)}) in this folder.", err=True)
        _say_skipped(path, {file for file in inside if file.is_file()} - set(pictures))
        files += pictures
    return files


def _say_skipped(folder: Path, skipped: set[Path]) -> None:
    """Name the kinds of the files that are not read, so that nobody takes them for read."""
    if skipped:
        kinds = sorted({file.suffix.lower() or file.name for file in skipped})
        named = ", ".join(kinds[:MAX_KINDS_NAMED]) + (", …" if len(kinds) > MAX_KINDS_NAMED else "")
        click.echo(f"{folder}: {len(skipped)} other file{'s' * (len(skipped) > 1)} skipped ({named}).", err=True)


def _name(path: Path | None) -> str | None:
    return None if path is None else path.name


def _read_picture(path: Path) -> bytes:
    """At most one byte more than a file may have: larger ones are refused, never read whole."""
    with path.open("rb") as file:
        return file.read(MAX_PHOTOGRAPH_FILE_BYTES + 1)


def _csv_printer() -> Callable[[Path, Reading], None]:
    """Prints a line per face; a picture without a face has one line with empty fields."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("file", "face", "x", "y", "width", "height", "score", "emotion", *EMOTIONS, *PLACE, *GUESS))

    def print_reading(path: Path, reading: Reading) -> None:
        for face in _face_rows(reading) or [{"box": [""] * 4}]:
            shares = face.get("probabilities") or [""] * len(EMOTIONS)
            rest = ["" if face.get(name) is None else face[name] for name in (*PLACE, *GUESS)]
            row = (face.get("face", ""), *face["box"], face.get("score", ""), face.get("emotion", ""), *shares, *rest)
            writer.writerow((path, *row))

    return print_reading


def _json_printer() -> Callable[[Path, Reading], None]:
    def print_reading(path: Path, reading: Reading) -> None:
        size = {"width": reading.width_px, "height": reading.height_px}
        click.echo(json.dumps({"file": str(path), **size, "faces": _face_rows(reading)}, ensure_ascii=False))

    return print_reading


def _face_rows(reading: Reading) -> list[dict[str, Any]]:
    """Each face: its box in pixels of the picture as it was read (upright, at most 1600 a side), what it shows."""
    rows = []
    for seen in reading.faces:
        shares, valence, arousal, guess = None, None, None, None
        if seen.expression is not None:
            guess = guess_of(seen.expression.probabilities)
            shares = [round(value, 4) for value in seen.expression.probabilities]
            valence, arousal = (round(value, 4) for value in valence_arousal(seen.expression.probabilities))
        rows.append(
            {
                "face": seen.face.id,
                "box": [round(value, 1) for value in seen.face.box],
                "score": round(seen.face.score, 4),
                "emotion": "" if guess is None else guess.emotion,
                "probabilities": shares,
                "valence": valence,
                "arousal": arousal,
                "sure": None if guess is None else guess.is_sure,
                "second": None if guess is None else guess.second,
                "hidden": seen.hidden,
            }
        )
    return rows

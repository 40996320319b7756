"""`music scan`, `music info` and `music export`: one's own music."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from feelharmonic.cli.common import faults_as_messages
from feelharmonic.errors import ProviderUnavailable
from feelharmonic.music import (
    DATABASE_NAME,
    Catalogue,
    Library,
    Reason,
    SubsonicClient,
    SubsonicLibrary,
    understood_fields,
)
from feelharmonic.settings import Settings

#: What a fault of a file means, by its code.
FAULTS = {
    "damaged": "cannot be read as sound",
    "silent": "is silent",
    "gone": "was gone when it was read",
    "needs_av": "needs the package av: `make music`, or pip install feelharmonic[music]",
    "broken": "ended the process that read it, or broke it",
}

FAULTS_SHOWN = 20


@click.group()
def music() -> None:
    """Your own music."""


@music.command()
@click.argument(
    "folders", metavar="[FOLDER]...", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("--processes", type=click.IntRange(1, 64), help="How many files are read at once.")
@click.option("--empty", is_flag=True, help="Forget the library where its folders hold no sound file any more.")
@click.option("--with-parent", is_flag=True, hidden=True, help="End when standard input is closed.")
@with_appcontext
@faults_as_messages()
def scan(folders: tuple[Path, ...], processes: int | None, empty: bool, with_parent: bool) -> None:
    """Read the sound files of FOLDERs, or of MUSIC_DIR, and understand them. Files are never changed.

    FOLDERs are the library from then on. A scan may be stopped at any time; the next one goes on.
    """
    if with_parent:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    instance = Path(current_app.instance_path)
    library = Library(instance, tuple(folder.absolute() for folder in folders) or Settings.load().music_dir)
    catalogue = Catalogue.load(instance / DATABASE_NAME)
    settings = Settings.load()
    if settings.subsonic_url:
        _sync_subsonic(settings, instance, catalogue)
        if not library.folders:
            return
    with click.progressbar(length=0, label="Reading", file=sys.stderr, show_pos=True, show_eta=True) as bar:

        def show(progress: object) -> None:
            bar.length = getattr(progress, "total", 0)
            bar.update(1)

        report = library.scan(catalogue.named, progress=show, processes=processes, may_be_empty=empty)
    click.echo(
        f"{report.files} files: {report.new} new, {report.changed} changed, {report.moved} moved, "
        f"{report.removed} removed, {report.broken} broken."
    )
    _show_faults(library)


@music.command()
@with_appcontext
@faults_as_messages()
def info() -> None:
    """Count the tracks by how they were understood, and list files that cannot be read."""
    library = Library(Path(current_app.instance_path), Settings.load().music_dir)
    files = library.files()
    playable = [file for file in files if not file.fault]
    named = sum(file.named is not None for file in playable)
    vibenet = sum(file.named is None and file.method == "vibenet" for file in playable)
    placed = sum(file.placed_valence is not None for file in playable)
    click.echo(
        f"{len(playable)} tracks: {named} known by name, {len(playable) - named} by sound ({vibenet} by vibenet)"
    )
    click.echo(f"{placed} placed by hand, {len(files) - len(playable)} files cannot be read")
    _show_faults(library)


@music.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@with_appcontext
@faults_as_messages()
def export(folder: Path) -> None:
    """Write what was understood into FOLDER: library.csv, and an M3U playlist for each mood."""
    counts = Library(Path(current_app.instance_path), Settings.load().music_dir).export(folder)
    click.echo(", ".join(f"{emotion}: {count}" for emotion, count in counts.items()))


def _show_faults(library: Library) -> None:
    broken = [file for file in library.files() if file.fault]
    for file in broken[:FAULTS_SHOWN]:
        click.echo(f"  {file.path}: {FAULTS.get(file.fault, file.fault)}", err=True)
    if len(broken) > FAULTS_SHOWN:
        click.echo(f"  and {len(broken) - FAULTS_SHOWN} more", err=True)


def _sync_subsonic(settings: Settings, instance: Path, catalogue: Catalogue) -> None:
    """List the songs of the owner's Subsonic server, and understand those that no name tells."""
    client = SubsonicClient(settings.subsonic_url, settings.subsonic_user, settings.subsonic_password)
    try:
        songs, understood = SubsonicLibrary(instance, client).sync(catalogue.named, understood_fields)
    except ProviderUnavailable as fault:
        reason = Reason(fault.code, fault.params).in_words()
        raise click.ClickException(f"The Subsonic server {reason}. {fault.action}".strip()) from None
    click.echo(f"{songs} songs on the Subsonic server, {understood} of them with features.")


def _end_with_parent() -> None:
    """The server that started this scan holds the other end; what was done is kept."""
    # Not by sys.stdin: Python would wait for its lock at the end.
    while os.read(0, 4096):
        pass
    os._exit(0)

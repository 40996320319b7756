"""Your own music: `python -m benchmarks.own_music [--pieces 60] [--files 10000] [--json]`.

Prints how right tempo and key are on rendered pieces (Debian's fluidsynth and fluid-soundfont-gm), what understanding
costs in time and memory, how fast a folder is scanned again, a snap over 50,000 tracks, and the first sound.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import logging
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.support.report import show
from feelharmonic.audio_features import FEATURES
from feelharmonic.music.library.files import sound_files
from feelharmonic.music.library.scanner import Scanner
from feelharmonic.music.library.sound.decoding import open_sound
from feelharmonic.music.library.sound.description import describe
from feelharmonic.music.library.sound.spectrum import spectra_of
from feelharmonic.music.library.store import ANALYSIS, LibraryFile, LibraryStore, packed
from feelharmonic.music.library.tracks import write_tracks
from feelharmonic.music.providers.own import OwnProvider
from feelharmonic.music.service import MusicService
from feelharmonic.params import Params

#: Seeds that nothing was chosen by: profiles and weights of tempo and key were compared on 0 to 69.
FIRST_SEED = 1000
TOLERANCE = 0.04
SNAPS = 30
TRACK_S = 240
PACKAGES = ("soundfile", "tinytag", "av")


def accuracy(pieces: int, folder: Path) -> dict[str, float]:
    """Shares of rendered pieces."""
    from training.own_music.render import rendered

    right = octave = keys = 0
    for path, piece in rendered(folder, range(FIRST_SEED, FIRST_SEED + pieces)):
        sound = open_sound(path)
        found = describe(spectra_of(sound.rate, sound.blocks))
        ratio = found.tempo.bpm / piece.bpm
        right += abs(ratio - 1) < TOLERANCE
        octave += any(abs(ratio / factor - 1) < TOLERANCE for factor in (0.5, 2.0))
        keys += (found.key.pitch_class, found.key.mode) == (piece.key, piece.mode)
    return {"tempo right": right / pieces, "tempo an octave off": octave / pieces, "key and mode right": keys / pieces}


def understanding(folder: Path) -> dict[str, float]:
    """Seconds of processor and MB of one process that understands a track of four minutes (stereo, FLAC)."""
    import soundfile

    rate = 44_100
    at_s = np.arange(TRACK_S * rate) / rate
    chance = np.random.default_rng(1)
    beat = np.exp(-((at_s * 2) % 1) * 8) * chance.normal(0, 0.2, len(at_s))
    left = 0.2 * np.sin(2 * np.pi * 220 * at_s) + beat
    path = folder / "track.flac"
    soundfile.write(path, np.stack([left, 0.8 * left], axis=1).astype(np.float32), rate)
    program = (
        "import sys, time; from pathlib import Path; from benchmarks.support.report import memory_kib\n"
        "from feelharmonic.music.library.understanding import understand\n"
        "began = time.process_time(); understand(Path(sys.argv[1]))\n"
        "print(time.process_time() - began, (memory_kib(line='VmHWM') or 0) / 1024)\n"
    )
    environ = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", program, str(path)]
    answer = subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout.split()
    return {"processor s a four-minute track": float(answer[0]), "MB of a process": float(answer[1])}


def rescan(files: int, folder: Path) -> dict[str, float]:
    """Seconds to scan ``files`` files again without a change."""
    import soundfile

    music = folder / "music"
    (music / "0").mkdir(parents=True)
    soundfile.write(music / "first.wav", np.zeros(8, np.float32), 8000)
    for number in range(files):
        place = music / str(number // 100)
        place.mkdir(exist_ok=True)
        shutil.copyfile(music / "first.wav", place / f"Artist {number // 10} - Song {number}.wav")
    (music / "first.wav").unlink()
    store = LibraryStore(folder / "library.db")
    with store.writing() as writer:
        for file in sound_files([music]):
            name = Path(file.path).stem
            known = {"path": file.path, "size": file.size, "modified_ns": file.modified_ns, "analysis": ANALYSIS}
            writer.put(
                LibraryFile(key=name, title=name, artist=name[:10], sound=_features(random.Random(name)), **known)
            )
    scanner = Scanner(store, [music])
    scanner.scan()
    began = time.perf_counter()
    report = scanner.scan()
    assert (report.files, report.new, report.changed) == (files, 0, 0)
    return {f"s to scan {files} files again": time.perf_counter() - began}


def snap(tracks: int, folder: Path) -> dict[str, float]:
    """Milliseconds of a list of five from ``tracks`` own tracks, median and worst of SNAPS."""
    chance = random.Random(1)
    files = [
        LibraryFile(
            key=f"k{number}", path=f"/{number}", size=1, modified_ns=1, title=f"T{number}", artist=f"A{number // 12}",
            sound=_features(chance),
        )
        for number in range(tracks)
    ]  # fmt: skip
    write_tracks(files, folder / "tracks.db")
    service = MusicService(Params.load(), [OwnProvider(folder / "tracks.db")])
    took, began_cpu = [], 0.0
    for number in range(SNAPS + 5):
        if number == 5:
            began_cpu = time.process_time()
        began = time.perf_counter()
        emotion = ("happy", "sad", "angry", "neutral")[number % 4]
        assert len(service.playlist(emotion=emotion, goal="match", n=5, chance=chance).tracks) == 5
        took.append(1000 * (time.perf_counter() - began))
    return {
        f"ms a snap over {tracks} own tracks, median": float(np.median(took[5:])),
        "the same, worst": max(took[5:]),
        "the same, of the processor": 1000 * (time.process_time() - began_cpu) / SNAPS,
    }


def _features(chance: random.Random) -> bytes:
    values = {name: chance.random() for name in FEATURES} | {"loudness": chance.uniform(-20, -4)}
    return packed(values | {"tempo": chance.uniform(60, 180)})


def first_sound(folder: Path) -> dict[str, float]:
    """Milliseconds until the first bytes of a file came over loopback, median of SNAPS."""
    import socket
    import threading
    import urllib.request

    from werkzeug.serving import make_server

    from feelharmonic.app import create_app
    from feelharmonic.settings import Settings

    music = folder / "served"
    music.mkdir()
    shutil.copyfile(folder / "track.flac", music / "track.flac")
    status = (music / "track.flac").stat()
    instance = folder / "instance"
    with LibraryStore(instance / "library.db").writing() as writer:
        known = {"path": str(music / "track.flac"), "size": status.st_size, "modified_ns": status.st_mtime_ns}
        writer.put(LibraryFile(key="k", title="T", artist="A", sound=_features(random.Random(1)), **known))
        writer.set_state({"folders": f'["{music}"]'})
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", port, create_app(Settings(instance_dir=instance, port=port)), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    took = []
    for _ in range(SNAPS):
        began = time.perf_counter()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/music/k") as answer:
            assert answer.read(4) == b"fLaC"
        took.append(1000 * (time.perf_counter() - began))
    server.shutdown()
    return {"ms to the first bytes on loopback, median": float(np.median(took))}


def installed_mb(package: str) -> float:
    files = importlib.metadata.files(package) or []
    return sum(path.stat().st_size for file in files if (path := Path(str(file.locate()))).is_file()) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pieces", type=int, default=60, help="rendered pieces; 0: none")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--tracks", type=int, default=50_000)
    parser.add_argument("--rendered", type=Path, help="where rendered pieces are kept")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures: dict[str, float] = {}
        if arguments.pieces:
            figures |= accuracy(arguments.pieces, arguments.rendered or folder / "rendered")
        figures |= understanding(folder)
        figures |= rescan(arguments.files, folder)
        figures |= snap(arguments.tracks, folder)
        figures |= first_sound(folder)
    figures |= {f"MB installed: {package}": installed_mb(package) for package in PACKAGES}
    rows = [{"figure": name, "value": float(value)} for name, value in figures.items()]
    show("own music", rows, as_json=arguments.json)


if __name__ == "__main__":
    main()

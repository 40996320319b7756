"""Renders made-up pieces to sound: `python -m training.own_music.render --out FOLDER --pieces 200`.

Asks for Debian's packages `fluidsynth` and `fluid-soundfont-gm`. Each piece becomes NAME.flac; pieces.json says its
tempo, key and mode.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

from training.own_music.pieces import Piece, make_piece, midi_bytes

SOUND_FONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")


def render(piece: Piece, path: Path) -> None:
    """Write the sound of ``piece`` to ``path`` (WAV or FLAC)."""
    import soundfile

    with tempfile.TemporaryDirectory() as folder:
        midi, wav = Path(folder) / "piece.mid", Path(folder) / "piece.wav"
        midi.write_bytes(midi_bytes(piece))
        command = ["fluidsynth", "-ni", "-q", "-g", "0.6", "-r", "44100", "-F", str(wav), str(SOUND_FONT), str(midi)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300)
        samples, rate = soundfile.read(wav, dtype="float32")
    soundfile.write(path, samples, rate)


def rendered(folder: Path, seeds: range) -> list[tuple[Path, Piece]]:
    """The pieces of ``seeds`` as files in ``folder``; those that are there are not rendered again."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for seed in seeds:
        piece, path = make_piece(seed), folder / f"{seed}.flac"
        if not path.is_file():
            part = path.with_name(f".{seed}.flac")
            render(piece, part)
            part.replace(path)
        found.append((path, piece))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pieces", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    arguments = parser.parse_args()
    found = rendered(arguments.out, range(arguments.first, arguments.first + arguments.pieces))
    table = [
        {"file": path.name, "bpm": piece.bpm, "key": piece.key, "mode": piece.mode, "style": piece.style}
        for path, piece in found
    ]
    (arguments.out / "pieces.json").write_text(json.dumps(table, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

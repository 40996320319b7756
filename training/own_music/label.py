"""Sounds → a table to fit the estimates to.

`python -m training.own_music.label --network FILE --out TABLE.npz FOLDER...`

Each sound gives two pieces of 30 s. A row holds a piece's description and what `vibenet`'s network says of it; the
network is FILE, `vibenet/artifacts/efficientnet_model.onnx` of that package. Rows of one recording share a group.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from feelharmonic.errors import UnreadableSound
from feelharmonic.music.library.files import sound_files
from feelharmonic.music.library.sound.decoding import open_sound
from feelharmonic.music.library.sound.description import describe, names
from feelharmonic.music.library.sound.estimates import ESTIMATED
from feelharmonic.music.library.sound.spectrum import spectra_of
from feelharmonic.music.library.sound.vibenet import Vibenet

PIECE_S, MIN_PIECE_S, MAX_PIECES = 30.0, 15.0, 2


def pieces_of(path: Path) -> Iterator[tuple[int, np.ndarray]]:
    """The rate and the samples of up to MAX_PIECES pieces of the sound."""
    sound = open_sound(path)
    samples = np.concatenate(list(sound.blocks))
    size = round(PIECE_S * sound.rate)
    # Not the start: many begin with silence.
    for start in np.linspace(0.15 * len(samples), max(0, len(samples) - size), MAX_PIECES).astype(int):
        piece = samples[start : start + size]
        if len(piece) >= MIN_PIECE_S * sound.rate and np.abs(piece).max() > 0.01:
            yield sound.rate, piece


def labelled(path: Path, network: Vibenet) -> Iterator[tuple[np.ndarray, list[float]]]:
    for rate, piece in pieces_of(path):
        description = describe(spectra_of(rate, [piece]))
        with tempfile.NamedTemporaryFile(suffix=".wav") as file:
            soundfile.write(file.name, piece, rate, subtype="FLOAT")
            said = network.estimate(Path(file.name))
        yield description.numbers, [said[name] for name in ESTIMATED]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--network", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    network = Vibenet(arguments.network)
    numbers, labels, groups = [], [], []
    for file in sound_files(arguments.folders):
        try:
            for description, said in labelled(Path(file.path), network):
                numbers.append(description)
                labels.append(said)
                groups.append(str(Path(file.path).parent) + "/" + Path(file.path).name)
        except UnreadableSound as fault:
            print(f"{file.path}: {fault}")
    np.savez_compressed(arguments.out, numbers=numbers, labels=labels, groups=groups, names=names())
    print(f"{len(numbers)} pieces of {len(set(groups))} recordings")


if __name__ == "__main__":
    main()

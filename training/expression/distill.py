"""What trained networks say of faces: soft targets for another network to learn from (distillation).

    python -m training.expression.distill --data FOLDER --teachers small,wide --out lessons.npz
    python -m training.expression.train --data FOLDER --name pupil --lessons lessons.npz

In: runs under --runs (their averaged weights), the data folder. Out: one file of probabilities: a mean over the
teachers and over several views of each face, harmed as in training, so that a teacher which knows a face by heart
says less. UTKFace's faces, where they are there, get the teachers' answers as their only labels. (Hinton et al. 2015,
arXiv:1503.02531; Furlanello et al. 2018, arXiv:1805.04770, for pupils no smaller than their teachers.)
"""

from __future__ import annotations

import argparse
import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from feelharmonic.emotions import EMOTIONS
from feelharmonic.reading.expression import LABELS
from training.data_dir import data_dir
from training.expression.augment import augmented
from training.expression.data import Faces, joined
from training.expression.network import ExpressionNetwork
from training.expression.train import DEFAULT_RUNS, best_device, fast_arithmetic, load_training_faces, read_run
from training.expression.utkface import ARCHIVE, load_utkface

VIEWS = 8
BATCH = 512
#: How much an unlabelled face counts in the loss beside a labelled one.
UNLABELLED_WEIGHT = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lessons:
    """The teachers' answers; rows in the order of the faces that they were asked about."""

    labelled: np.ndarray  # (N, 2, 7) float32: for load_training_faces' faces
    unlabelled: np.ndarray  # (M, 2, 7) float32: for load_utkface's; M may be 0


def read_lessons(path: Path) -> Lessons:
    """What `training.expression.distill` wrote to ``path``. Raises SystemExit where that is no such file."""
    try:
        with np.load(path) as file:
            return Lessons(labelled=np.float32(file["labelled"]), unlabelled=np.float32(file["unlabelled"]))
    except (OSError, EOFError, KeyError, IndexError, TypeError, ValueError, zipfile.BadZipFile, zlib.error) as exc:
        raise SystemExit(f"Expected a file of training.expression.distill, got {path} ({type(exc).__name__}).") from exc


def taught(faces: Faces, others: np.ndarray, lessons: Lessons, trust: float) -> Faces:
    """``faces`` with targets that are ``trust`` (0..1) the teachers' and the rest the labels', and ``others``
    (M, 48, 48) uint8, which have the teachers' only. A head without a label learns from the teachers alone."""
    if len(lessons.labelled) != len(faces) or len(lessons.unlabelled) not in (0, len(others)):
        raise SystemExit(
            f"Expected lessons for {len(faces)} and {len(others)} faces, got {len(lessons.labelled)} and "
            f"{len(lessons.unlabelled)}: they were written for other data. Run training.expression.distill again."
        )
    known = faces.targets.sum(2, keepdims=True) > 0
    mixed = np.where(known, (1 - trust) * faces.targets + trust * lessons.labelled, lessons.labelled)
    sets = [Faces(crops=faces.crops, targets=np.float32(mixed), weights=faces.weights)]
    if len(lessons.unlabelled):
        weights = np.full(len(others), UNLABELLED_WEIGHT, np.float32)
        sets.append(Faces(crops=others, targets=lessons.unlabelled, weights=weights))
    return joined(sets)


def write_lessons(path: Path, lessons: Lessons) -> None:
    """Write ``lessons`` in half precision; a kill in between leaves what was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    with beside.open("wb") as file:
        np.savez_compressed(
            file, labelled=lessons.labelled.astype(np.float16), unlabelled=lessons.unlabelled.astype(np.float16)
        )
    os.replace(beside, path)


@torch.no_grad()
def answers(network: ExpressionNetwork, crops: np.ndarray, *, views: int = VIEWS, seed: int = 0) -> np.ndarray:
    """(N, 48, 48) uint8 → (N, 2, 7) float32: the mean probabilities over ``views`` augmented views of each face."""
    device = next(network.parameters()).device
    network.eval()
    generator = torch.Generator(device).manual_seed(seed)
    if not len(crops):  # split would give one part of no faces
        return np.zeros((0, len(LABELS), len(EMOTIONS)), np.float32)
    parts = torch.from_numpy(np.ascontiguousarray(crops)).split(BATCH)
    means = []
    for part in tqdm(parts, desc="faces", mininterval=10):
        seen = part.to(device)
        total = torch.zeros(len(seen), len(LABELS), len(EMOTIONS), device=device)
        for _ in range(views):
            inputs = augmented(seen, generator).to(memory_format=torch.channels_last)
            with fast_arithmetic(device):
                logits = network(inputs)
            total += logits.float().softmax(2)
        means.append((total / views).cpu())
    return torch.cat(means).numpy()


def unlabelled_faces(folder: Path) -> np.ndarray:
    """(M, 48, 48) uint8: UTKFace's faces; none where the set is not there."""
    return load_utkface(folder).crops if (folder / ARCHIVE).is_file() else np.zeros((0, 48, 48), np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="data folder (default: DATA_DIR, else data/)")
    parser.add_argument("--runs", type=Path, default=DEFAULT_RUNS, help="where runs are kept")
    parser.add_argument("--teachers", default="small", help="names of runs, separated by commas (default small)")
    parser.add_argument("--views", type=int, default=VIEWS, help=f"views of each face (default {VIEWS})")
    parser.add_argument("--labelled-only", action="store_true", help="leave out UTKFace's faces")
    parser.add_argument("--out", type=Path, required=True, help="the .npz file to write")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    folder = data_dir(options.data)
    faces, _ = load_training_faces(folder)
    others = unlabelled_faces(folder)
    asked = {"labelled": faces.crops, "unlabelled": others[:0] if options.labelled_only else others}
    names = options.teachers.split(",")
    networks = [read_run(options.runs / name, best_device()).average for name in names]
    said = {
        name: np.mean([answers(network, crops, views=options.views) for network in networks], axis=0)
        for name, crops in asked.items()
    }
    write_lessons(options.out, Lessons(**said))
    print(f"{options.out}: {', '.join(f'{len(values)} {name}' for name, values in said.items())}, from {names}")


if __name__ == "__main__":
    main()

"""Soft labels of trained networks, for another network to learn from (knowledge distillation).

    python -m training.expression.distill --data FOLDER --teachers small --out soft_labels.npz
    python -m training.expression.distill --data FOLDER --teachers "" --face-api FOLDER --out theirs.npz
    python -m training.expression.train --data FOLDER --name student --soft-labels soft_labels.npz

In: runs under --runs (their averaged weights), the data folder. Out: one file of probabilities, averaged over the
teachers and over several augmented views of each face, so that a teacher that has memorised a face is less certain.
UTKFace's faces, where the set is present, get soft labels as their only labels. (Hinton et al. 2015, arXiv:1503.02531;
Furlanello et al. 2018, arXiv:1805.04770, for students as large as their teachers.)
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from feelharmonic.emotions import EMOTIONS
from training.data_dir import add_data_option, data_dir
from training.expression.augment import augmented
from training.expression.data import FER2013, FERPLUS, HEADS, STRANGERS, load_training_faces
from training.expression.network import ExpressionNetwork, best_device, fast_arithmetic
from training.expression.runs import DEFAULT_RUNS, read_run
from training.expression.soft_labels import SoftLabels, unlabelled_faces, write_soft_labels
from training.face_api import FaceApiReader

DEFAULT_VIEWS = 8
BATCH = 512


@torch.no_grad()
def mean_probabilities(
    network: ExpressionNetwork, crops: np.ndarray, *, views: int = DEFAULT_VIEWS, seed: int = 0
) -> np.ndarray:
    """(N, 48, 48) uint8 → (N, 3, 7) float32: mean probabilities over ``views`` augmented views of each face."""
    device = next(network.parameters()).device
    network.eval()
    generator = torch.Generator(device).manual_seed(seed)
    if not len(crops):  # split would return one part without faces
        return np.zeros((0, len(HEADS), len(EMOTIONS)), np.float32)
    parts = torch.from_numpy(np.ascontiguousarray(crops)).split(BATCH)
    means = []
    for part in tqdm(parts, desc="faces", mininterval=10):
        batch = part.to(device)
        total = torch.zeros(len(batch), len(HEADS), len(EMOTIONS), device=device)
        for _ in range(views):
            inputs = augmented(batch, generator).to(memory_format=torch.channels_last)
            for seen in (inputs, inputs.flip(3)):  # a face and its mirror image show the same
                with fast_arithmetic(device):
                    logits = network(seen)
                total += logits.float().softmax(2) / 2
        means.append((total / views).cpu())
    return torch.cat(means).numpy()


def with_face_api(labels: np.ndarray, targets: np.ndarray, theirs: np.ndarray, weight: float) -> np.ndarray:
    """``labels`` (N, 3, 7) whose strangers' head is ``weight`` (0..1) ``theirs`` (N, 7), for the rest the teachers'.

    Without teachers (zeros) that rest is the mean of a face's own labels in ``targets`` (N, 3, 7), where it has some.
    """
    rest = labels[:, STRANGERS].copy()
    untaught = rest.sum(1) == 0
    own = targets[:, [FERPLUS, FER2013]].sum(1)
    rest[untaught] = (own / np.maximum(own.sum(1, keepdims=True), 1e-6))[untaught]
    known = rest.sum(1, keepdims=True) > 0
    mixed = labels.copy()
    mixed[:, STRANGERS] = np.where(known, (1 - weight) * rest + weight * theirs, theirs)
    return mixed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_data_option(parser)
    parser.add_argument("--runs", type=Path, default=DEFAULT_RUNS, help="folder of the runs")
    parser.add_argument("--teachers", default="small", help="names of runs, separated by commas (default small)")
    parser.add_argument("--face-api", type=Path, help="folder `model` of the npm package @vladmandic/face-api")
    parser.add_argument(
        "--face-api-weight", type=float, default=1 / 3, help="of its answers in the strangers' head (default 1/3)"
    )
    parser.add_argument("--views", type=int, default=DEFAULT_VIEWS, help=f"per face (default {DEFAULT_VIEWS})")
    parser.add_argument("--labelled-only", action="store_true", help="leave out UTKFace's faces")
    parser.add_argument("--out", type=Path, required=True, help="the .npz file to write")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    folder = data_dir(options.data)
    faces, _ = load_training_faces(folder)
    others = unlabelled_faces(folder)
    crops = {"labelled": faces.crops, "unlabelled": others[:0] if options.labelled_only else others}
    names = [name for name in options.teachers.split(",") if name]
    if not names and options.face_api is None:
        raise SystemExit("Expected --teachers, --face-api or both.")
    teachers = [read_run(options.runs / name, best_device()).average for name in names]
    labels = {
        kind: np.mean([mean_probabilities(teacher, some, views=options.views) for teacher in teachers], axis=0)
        if teachers
        else np.zeros((len(some), len(HEADS), len(EMOTIONS)), np.float32)
        for kind, some in crops.items()
    }
    if options.face_api is not None:
        names.append("@vladmandic/face-api")
        reader = FaceApiReader.load(options.face_api)
        for kind, some in crops.items():
            own = faces.targets if kind == "labelled" else np.zeros_like(labels[kind])
            labels[kind] = with_face_api(labels[kind], own, reader.read_crops(some), options.face_api_weight)
    write_soft_labels(options.out, SoftLabels(**labels))
    counts = ", ".join(f"{len(rows)} {kind}" for kind, rows in labels.items())
    print(f"{options.out}: {counts}, from {', '.join(names)}")


if __name__ == "__main__":
    main()

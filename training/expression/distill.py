"""Soft labels of trained networks, for another network to learn from (knowledge distillation).

    python -m training.expression.distill --data FOLDER --teachers small --out soft_labels.npz
    python -m training.expression.distill --data FOLDER --teachers "" --face-api FOLDER --out theirs.npz
    python -m training.expression.distill --data FOLDER --teachers "" --teacher-file FILE.onnx --out soft_labels.npz
    python -m training.expression.train --data FOLDER --name student --soft-labels soft_labels.npz

In: runs under --runs (their averaged weights), exported files, the data folder. Out: one file of probabilities: the
mean over the teachers and over several augmented views of each face, so that a teacher that has memorised a face is
less certain. UTKFace's faces, where the set is present, get soft labels as their only labels. (Hinton et al. 2015,
arXiv:1503.02531; Furlanello et al. 2018, arXiv:1805.04770, for students as large as their teachers.)
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from feelharmonic.emotions import EMOTIONS
from training.data_dir import add_data_option, data_dir
from training.expression.augment import augmented
from training.expression.data import FER2013, FERPLUS, HEADS, STRANGERS, load_training_faces
from training.expression.network import SHAPES, ExpressionNetwork, best_device, fast_arithmetic
from training.expression.onnx_file import has_strangers_head, load_exported, read_metadata
from training.expression.runs import DEFAULT_RUNS, Plan, read_run
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


def load_teacher(path: Path, crops: np.ndarray) -> ExpressionNetwork:
    """The network in the exported file ``path``; ``crops`` as for `load_exported`."""
    plan = json.loads(read_metadata(path).get("plan", "{}"))
    network = ExpressionNetwork(SHAPES[plan.get("shape", Plan.shape)]).to(best_device())
    load_exported(network, path, crops)
    return network


def soft_labels_of(teachers: list[tuple[ExpressionNetwork, bool]], crops: np.ndarray, views: int) -> np.ndarray:
    """(N, 48, 48) uint8 → (N, 3, 7): the teachers' mean; zeros without any. A teacher marked False was never taught the
    strangers' head: there it has no say."""
    answers = [np.zeros((len(crops), len(HEADS), len(EMOTIONS)), np.float32)]
    for network, taught in teachers:
        answer = mean_probabilities(network, crops, views=views)
        answer[:, STRANGERS] *= taught
        answers.append(answer)
    return mean_of_known(answers)


def mean_of_known(answers: list[np.ndarray]) -> np.ndarray:
    """(N, 3, 7): the mean of ``answers``, each (N, 3, 7), head by head over those that are not zeros there."""
    known = sum((answer.sum(2, keepdims=True) > 0).astype(np.float32) for answer in answers)
    return np.float32(sum(answers) / np.maximum(known, 1))


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
    parser.add_argument(
        "--teacher-file", type=Path, action="append", default=[], help="an exported file as a teacher; repeatable"
    )
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
    if not names and not options.teacher_file and options.face_api is None:
        raise SystemExit("Expected --teachers, --teacher-file, --face-api or several of them.")
    teachers = [(read_run(options.runs / name, best_device()).average, True) for name in names]
    teachers += [(load_teacher(path, faces.crops), has_strangers_head(path)) for path in options.teacher_file]
    names += [path.name for path in options.teacher_file]
    labels = {kind: soft_labels_of(teachers, some, options.views) for kind, some in crops.items()}
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

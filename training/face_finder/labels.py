"""Where the faces are in LFW's and UTKFace's pictures: a teacher's landmarks, checked against the sets' alignment.

    python -m training.face_finder.labels --out ~/.cache/feelharmonic/finder/labels.npz
    python -m training.face_finder.labels --crowded training/face_finder/lfw_crowded.txt

MTCNN (Zhang et al. 2016) from the package facenet-pytorch (MIT; its weights come with it) runs once, offline; it is
installed with `--no-deps` beside torch. Faces where teacher and the sets' own alignment disagree are dropped. The
second command lists LFW's photographs in which somebody stands in the background: a face that no label tells of would
teach the network that faces are none, and would count as a false alarm when it is found.
"""

from __future__ import annotations

import argparse
import sys
import types
import zipfile
from pathlib import Path

import cv2
import numpy as np

from training.data_dir import data_dir

#: Mean landmarks on LFW deep-funneled (250×250): eyes and mouth corners measured, the nose between them.
LFW_MEAN = np.float32([(103, 111), (146, 111), (125, 137), (109, 157), (141, 157)])
#: UTKFace's own alignment (200×200): eyes and the mouth's height are given, the rest by LFW's proportions.
UTKFACE_MEAN = np.float32([(55, 59), (145, 59), (100, 106), (67, 138), (133, 138)])

#: A teacher's landmark may lie so far from the set's mean, in distances between the eyes.
LARGEST_MISS = {"lfw": 0.45, "utkface": 0.6}

#: A bystander is a face that the teacher is so sure of, at least so many pixels of 250 high.
LEAST_BYSTANDER_SCORE = 0.8
LEAST_BYSTANDER_PX = 22


def load_mtcnn():
    """The teacher. Of torchvision it needs one function, which has no CPU build for today's torch: given here."""
    if "torchvision" not in sys.modules:
        names = ("torchvision", "torchvision.transforms", "torchvision.transforms.functional", "torchvision.ops")
        modules = {name: types.ModuleType(name) for name in (*names, "torchvision.ops.boxes", "torchvision.datasets")}
        modules["torchvision.ops.boxes"].batched_nms = _batched_nms
        modules["torchvision.datasets.utils"] = types.ModuleType("torchvision.datasets.utils")
        modules["torchvision.datasets.utils"].download_url_to_file = None
        modules["torchvision.transforms"].functional = modules["torchvision.transforms.functional"]
        modules["torchvision.transforms"].Compose = modules["torchvision.transforms"].ToTensor = object
        modules["torchvision"].transforms = modules["torchvision.transforms"]
        modules["torchvision"].datasets = modules["torchvision.datasets"]
        sys.modules.update(modules)
    from facenet_pytorch.models.mtcnn import MTCNN

    return MTCNN(keep_all=True, min_face_size=40, device="cpu")


def _batched_nms(boxes, scores, classes, threshold):
    """Indices of the boxes that stay, best first; boxes of different classes never suppress one another."""
    import torch

    shifted = boxes + (classes.to(boxes) * (boxes.max() + 1 if len(boxes) else 1))[:, None]
    x1, y1, x2, y2 = shifted.unbind(1)
    areas = (x2 - x1) * (y2 - y1)
    order, kept = scores.argsort(descending=True), []
    while len(order):
        first, rest = order[0], order[1:]
        kept.append(first)
        width = (torch.minimum(x2[first], x2[rest]) - torch.maximum(x1[first], x1[rest])).clamp(min=0)
        height = (torch.minimum(y2[first], y2[rest]) - torch.maximum(y1[first], y1[rest])).clamp(min=0)
        shared = width * height
        order = rest[shared / (areas[first] + areas[rest] - shared) <= threshold]
    return torch.stack(kept) if kept else torch.zeros(0, dtype=torch.long)


def pictures(folder: Path, name: str):
    """(file name, (H, W, 3) uint8 BGR) of a set: "lfw" or "utkface"."""
    archive = {"lfw": folder / "lfw" / "lfw_deepfunneled_part.zip", "utkface": folder / "utkface" / "utkface_half.zip"}
    with zipfile.ZipFile(archive[name]) as archived:
        for entry in archived.namelist():
            if entry.endswith(".jpg"):
                yield entry, cv2.imdecode(np.frombuffer(archived.read(entry), np.uint8), cv2.IMREAD_COLOR)


def landmarks(mtcnn, picture: np.ndarray, mean: np.ndarray) -> np.ndarray | None:
    """(5, 2) float32 of the teacher's face that is nearest to the set's mean; None where it sees none."""
    _, scores, points = mtcnn.detect(picture[:, :, ::-1].copy(), landmarks=True)
    if points is None:
        return None
    sure = [np.asarray(face, np.float32) for face, score in zip(points, scores, strict=True) if score > 0.9]
    return min(sure, key=lambda face: np.abs(face - mean).mean(), default=None)


def agrees(found: np.ndarray, mean: np.ndarray, name: str) -> bool:
    eyes = np.linalg.norm(mean[1] - mean[0])
    return bool(np.linalg.norm(found - mean, axis=1).max() < LARGEST_MISS[name] * eyes)


def crowded(mtcnn, folder: Path) -> list[str]:
    """Names of LFW's photographs that show more than one face."""
    from tqdm import tqdm

    mtcnn.min_face_size = LEAST_BYSTANDER_PX
    names = []
    for entry, picture in tqdm(pictures(folder, "lfw"), desc="crowded"):
        boxes, scores = mtcnn.detect(picture[:, :, ::-1].copy())
        sure = [] if boxes is None else [box for box, s in zip(boxes, scores, strict=True) if s > LEAST_BYSTANDER_SCORE]
        if len(sure) > 1:
            names.append(entry)
    return names


def label_set(mtcnn, folder: Path, name: str, *, step: int = 1) -> dict[str, np.ndarray]:
    """Names and landmarks of the pictures on which teacher and mean agree; every ``step``-th picture."""
    from tqdm import tqdm  # here, so that benchmarks can read the sets' pictures without it

    mean = {"lfw": LFW_MEAN, "utkface": UTKFACE_MEAN}[name]
    names, points = [], []
    for i, (entry, picture) in enumerate(tqdm(pictures(folder, name), desc=name)):
        if i % step:
            continue
        found = landmarks(mtcnn, picture, mean)
        if found is not None and agrees(found, mean, name):
            names.append(entry)
            points.append(found)
    return {f"{name}_names": np.array(names), f"{name}_points": np.float32(points)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=None, help="data folder (default: DATA_DIR)")
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--out", type=Path, help="the .npz file of landmarks to write")
    wanted.add_argument("--crowded", type=Path, help="the list of photographs with bystanders to write")
    arguments = parser.parse_args()
    folder = data_dir(arguments.data)
    mtcnn = load_mtcnn()
    if arguments.crowded:
        arguments.crowded.write_text("".join(f"{name}\n" for name in sorted(crowded(mtcnn, folder))), encoding="utf-8")
        return
    labels = label_set(mtcnn, folder, "lfw")
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(arguments.out, **labels)
    print({key: value.shape for key, value in labels.items()})


if __name__ == "__main__":
    main()

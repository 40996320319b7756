"""Landmarks of LFW's faces by MTCNN, kept where they agree with the set's alignment; and photographs to leave out.

    python -m training.face_finder.labels --out ~/.cache/feelharmonic/finder/labels.npz
    python -m training.face_finder.labels --crowded training/face_finder/lfw_crowded.txt

MTCNN (Zhang et al. 2016) comes with its weights in the package facenet-pytorch (MIT), which is installed with
`--no-deps` beside torch. The second command lists LFW's photographs with somebody in the background: an unlabelled face
would train the network not to find faces, and count as a false alarm in its evaluation.
"""

from __future__ import annotations

import argparse
import sys
import types
import zipfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from training import utkface
from training.data_dir import DataMissing, add_data_option, data_dir
from training.face_finder.geometry import LFW_MEAN

#: Largest distance of a landmark from LFW's mean, in distances between the eyes.
MAX_DISTANCE = 0.45
#: A bystander is a face with at least this score and height, in a photograph of 250 pixels.
MIN_BYSTANDER_SCORE = 0.8
MIN_BYSTANDER_PX = 22

ARCHIVES = {"lfw": Path("lfw") / "lfw_deepfunneled_part.zip", "utkface": utkface.ARCHIVE}


def load_mtcnn():
    """MTCNN. It needs one function of torchvision, which has no CPU build for this torch: replaced here."""
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
    """Non-maximum suppression by class: indices of the boxes that stay, best first."""
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


def pictures(folder: Path, name: str) -> Iterator[tuple[str, np.ndarray]]:
    """File name and (H, W, 3) uint8 BGR of each picture of a set, "lfw" or "utkface". Raises DataMissing without it."""
    path = folder / ARCHIVES[name]
    if not path.is_file():
        raise DataMissing(f"{path} is missing.")
    with zipfile.ZipFile(path) as archive:
        for entry in archive.namelist():
            if entry.endswith(".jpg"):
                yield entry, cv2.imdecode(np.frombuffer(archive.read(entry), np.uint8), cv2.IMREAD_COLOR)


def landmarks(mtcnn, picture: np.ndarray) -> np.ndarray | None:
    """(5, 2) float32 of the face nearest to LFW's mean; None where MTCNN finds none."""
    _, scores, points = mtcnn.detect(picture[:, :, ::-1].copy(), landmarks=True)
    if points is None:
        return None
    faces = [np.asarray(face, np.float32) for face, score in zip(points, scores, strict=True) if score > 0.9]
    return min(faces, key=lambda face: np.abs(face - LFW_MEAN).mean(), default=None)


def agrees(found: np.ndarray) -> bool:
    """Whether the landmarks ``found`` (5, 2) lie near LFW's mean."""
    eyes = np.linalg.norm(LFW_MEAN[1] - LFW_MEAN[0])
    return bool(np.linalg.norm(found - LFW_MEAN, axis=1).max() < MAX_DISTANCE * eyes)


def crowded(mtcnn, folder: Path) -> list[str]:
    """Names of LFW's photographs that show more than one face."""
    from tqdm import tqdm  # here, so that benchmarks can read the pictures without it

    mtcnn.min_face_size = MIN_BYSTANDER_PX
    names = []
    for entry, picture in tqdm(pictures(folder, "lfw"), desc="crowded"):
        _, scores = mtcnn.detect(picture[:, :, ::-1].copy())
        if sum(score > MIN_BYSTANDER_SCORE for score in scores if score is not None) > 1:
            names.append(entry)
    return names


def labelled(mtcnn, folder: Path) -> dict[str, np.ndarray]:
    """Names and landmarks of LFW's pictures where MTCNN and the set's alignment agree."""
    from tqdm import tqdm

    names, points = [], []
    for entry, picture in tqdm(pictures(folder, "lfw"), desc="lfw"):
        found = landmarks(mtcnn, picture)
        if found is not None and agrees(found):
            names.append(entry)
            points.append(found)
    return {"lfw_names": np.array(names), "lfw_points": np.float32(points)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_data_option(parser)
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--out", type=Path, help="the .npz file of landmarks to write")
    wanted.add_argument("--crowded", type=Path, help="the list of photographs with bystanders to write")
    options = parser.parse_args()
    folder = data_dir(options.data)
    mtcnn = load_mtcnn()
    if options.crowded:
        options.crowded.write_text("".join(f"{name}\n" for name in sorted(crowded(mtcnn, folder))), encoding="utf-8")
        return
    labels = labelled(mtcnn, folder)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(options.out, **labels)
    print({key: value.shape for key, value in labels.items()})


if __name__ == "__main__":
    main()

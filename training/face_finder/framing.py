"""Where eyes and mouth fall in FER2013's crops on average: the framing that `face.py` cuts.

    python -m training.face_finder.framing --faces 600

MTCNN (as in finder_labels) on training faces enlarged four times; medians over the faces that it finds.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from training.data_dir import data_dir
from training.face_finder.labels import load_mtcnn

ENLARGED = 4


def sheet_faces(folder: Path, sheet: int) -> np.ndarray:
    """(4096, 48, 48) uint8: the faces of one of FER2013's sheets."""
    picture = cv2.imread(str(folder / "fer" / f"sheet_{sheet:02d}.png"), cv2.IMREAD_GRAYSCALE)
    return picture.reshape(64, 48, 64, 48).swapaxes(1, 2).reshape(-1, 48, 48)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=None, help="data folder (default: DATA_DIR)")
    parser.add_argument("--faces", type=int, default=600)
    arguments = parser.parse_args()
    mtcnn = load_mtcnn()
    found = []
    crops = sheet_faces(data_dir(arguments.data), 0)
    for crop in crops[:: max(1, len(crops) // arguments.faces)]:
        large = cv2.resize(crop, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
        framed = cv2.copyMakeBorder(large, 40, 40, 40, 40, cv2.BORDER_REPLICATE)
        _, scores, points = mtcnn.detect(np.repeat(framed[:, :, None], 3, axis=2), landmarks=True)
        if points is not None and scores[0] > 0.95:
            found.append((np.asarray(points[0], np.float32) - 40 + 0.5) / ENLARGED - 0.5)
    print(f"{len(found)} faces; medians in pixels of 48×48 (x, y):")
    names = ("left eye", "right eye", "nose", "mouth left", "mouth right")
    for name, (x, y) in zip(names, np.median(found, axis=0), strict=True):
        print(f"  {name:12s} {x:5.1f} {y:5.1f}")


if __name__ == "__main__":
    main()

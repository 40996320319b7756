"""Mean landmarks in FER2013's crops: the framing that the app's crops follow.

    python -m training.face_finder.framing --faces 600

MTCNN (as in labels.py) on training faces enlarged four times; medians over the faces that it finds.
"""

from __future__ import annotations

import argparse

import cv2
import numpy as np

from training.data_dir import add_data_option, data_dir
from training.expression.data import load_sheet
from training.face_finder.labels import load_mtcnn

ENLARGEMENT = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_data_option(parser)
    parser.add_argument("--faces", type=int, default=600)
    options = parser.parse_args()
    mtcnn = load_mtcnn()
    found = []
    crops = load_sheet(data_dir(options.data) / "fer" / "sheet_00.png")
    for crop in crops[:: max(1, len(crops) // options.faces)]:
        large = cv2.resize(crop, None, fx=ENLARGEMENT, fy=ENLARGEMENT, interpolation=cv2.INTER_CUBIC)
        framed = cv2.copyMakeBorder(large, 40, 40, 40, 40, cv2.BORDER_REPLICATE)
        _, scores, points = mtcnn.detect(np.repeat(framed[:, :, None], 3, axis=2), landmarks=True)
        if points is not None and scores[0] > 0.95:
            found.append((np.asarray(points[0], np.float32) - 40 + 0.5) / ENLARGEMENT - 0.5)
    print(f"{len(found)} faces; medians in pixels of 48×48 (x, y):")
    names = ("left eye", "right eye", "nose", "mouth left", "mouth right")
    for name, (x, y) in zip(names, np.median(found, axis=0), strict=True):
        print(f"  {name:12s} {x:5.1f} {y:5.1f}")


if __name__ == "__main__":
    main()

"""UTKFace's faces in FER2013's framing, with age and group from the file names. The set has no expression labels.

In: `utkface/utkface_half.zip` of the data folder: aligned 200×200 JPEGs named age_gender_group_date.jpg.
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from feelharmonic.reading.expression import CROP_SIDE_PX
from training.data_dir import DataMissing

ARCHIVE = Path("utkface") / "utkface_half.zip"
#: The set's own words for the third number of a name.
GROUPS = ("White", "Black", "Asian", "Indian", "others")
GENDERS = ("male", "female")
#: Middle between eyes and mouth, here and in FER2013's crops (from LFW, whose framing of both is known).
MIDDLE_THERE, MIDDLE_HERE = (100.0, 98.5), (23.8, 27.8)
#: Pixels of a crop per pixel of a picture: between what the eyes' distance (0.20) and eyes over mouth (0.25) say.
SCALE = 0.222


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class People:
    """Faces, and what their file names say; all arrays have N rows."""

    crops: np.ndarray  # (N, 48, 48) uint8 grey
    age: np.ndarray  # (N,) int, years
    gender: np.ndarray  # (N,) int, index into GENDERS
    group: np.ndarray  # (N,) int, index into GROUPS


def load_utkface(folder: Path) -> People:
    """All faces whose file name has age, gender and group. Raises DataMissing without a readable archive."""
    path = folder / ARCHIVE
    if not path.is_file():
        raise DataMissing(f"{path} is missing: half of UTKFace.")
    try:
        with zipfile.ZipFile(path) as archive:
            labels = {name: found for name in sorted(archive.namelist()) if (found := _labels(name))}
            crops = [_crop(archive.read(name)) for name in labels]
    except (zipfile.BadZipFile, zlib.error, EOFError, cv2.error) as exc:
        raise DataMissing(
            f"{path}: expected a ZIP archive of JPEGs, got a damaged one ({type(exc).__name__}). Copy it again."
        ) from exc
    if not labels:
        raise DataMissing(f"{path}: expected pictures named age_gender_group_date.jpg, got none. Copy it again.")
    age, gender, group = np.array(list(labels.values())).T
    return People(crops=np.stack(crops), age=age, gender=gender, group=group)


def _labels(name: str) -> tuple[int, int, int] | None:
    """Age, gender and group; None where the name lacks one of them, as a few of the set's do."""
    parts = Path(name).stem.split("_")
    if len(parts) != 4 or not all(part.isdigit() for part in parts[:3]):
        return None
    age, gender, group = map(int, parts[:3])
    return (age, gender, group) if gender < len(GENDERS) and group < len(GROUPS) else None


def _crop(jpeg: bytes) -> np.ndarray:
    grey = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    # warpAffine samples sparsely when it shrinks: average first. Half a pixel: OpenCV counts from pixels' centres.
    half = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    scale = 2 * SCALE
    left, top = (here - SCALE * there for here, there in zip(MIDDLE_HERE, MIDDLE_THERE, strict=True))
    move = np.float32([[scale, 0, left + scale / 2 - 0.5], [0, scale, top + scale / 2 - 0.5]])
    return cv2.warpAffine(half, move, (CROP_SIDE_PX,) * 2, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

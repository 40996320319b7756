"""`python -m benchmarks.face`: the face finder's recall and false alarms on held-out people, beside a Haar cascade.

Needs the data folder (DATA_DIR): a fifth of LFW's people and of UTKFace's faces, by name, is held out of training;
scenes are made of them. The contact sheet of hits, misses and alarms goes to runs/finder/, which git ignores.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np

from benchmarks.support.report import milliseconds, show, spread
from feelharmonic.reading.faces.boxes import iou
from feelharmonic.reading.faces.face_finder import FaceFinder
from feelharmonic.reading.faces.photograph_search import search_photograph
from feelharmonic.reading.messages import Face
from training.data_dir import add_data_option, data_dir
from training.face_finder.data import load_sources
from training.face_finder.drawing.signs import HELD_OUT_KINDS, TRAINING_KINDS
from training.face_finder.geometry import box_of
from training.face_finder.scenes import Scene, SceneMaker, Source

FOUND_IOU = 0.4
SEED = 20261120
ORIGINS = ("White", "Black", "Asian", "Indian", "Others")  # UTKFace's own words

#: The box of the face's ellipse in the square of a Haar detection (x, y, width, height as shares of its side): LFW's
#: pictures are Viola-Jones squares enlarged 2.2 times, and its mean face is at x 82-168, y 72-188 of 250.
HAAR_TO_BOX = (0.123, 0.035, 0.754, 1.021)

Find = Callable[[np.ndarray], list[Face]]


def haar() -> Find | None:
    """OpenCV's frontal cascade as `fer` uses it; None where OpenCV has none (5.0 and newer)."""
    if not hasattr(cv2, "CascadeClassifier"):
        return None
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")

    def find(frame_bgr: np.ndarray) -> list[Face]:
        grey = cv2.cvtColor(frame_bgr, cv2.COLOR_BGR2GRAY)
        left, top, width, height = HAAR_TO_BOX
        return [
            Face(box=(x + left * side, y + top * side, width * side, height * side), score=1.0)
            for x, y, side, _ in cascade.detectMultiScale(grey, 1.1, 5)
        ]

    return find


#: Frames arrive in 320×240.
FRAME_WIDTH = 320
PHOTOGRAPH_WIDTH = 960


def maker_of(sources: list[Source], *seed: int) -> SceneMaker:
    return SceneMaker(sources, np.random.default_rng((SEED, *seed)), FRAME_WIDTH)


def found(faces: list[Face], box: np.ndarray) -> bool:
    return any(iou(face.box, tuple(box)) >= FOUND_IOU for face in faces)


def recall(find: Find, scenes: list[Scene], wanted: Callable[[float], bool] = lambda roll: True) -> tuple[int, int]:
    """The number of faces found, and of faces, among those whose roll (degrees) is ``wanted``."""
    hits = total = 0
    for scene in scenes:
        faces = find(scene.picture)
        for box, roll in zip(scene.boxes, scene.roll_deg, strict=True):
            if wanted(abs(float(roll))):
                total += 1
                hits += found(faces, box)
    return hits, total


def groups_of(name: str) -> list[str]:
    """UTKFace's group and one of three ages, from a file's name (age_gender_group_date.jpg)."""
    age, _, origin = name.split("_")[:3]
    ages = "under 10" if int(age) < 10 else "over 65" if int(age) > 65 else "10-65"
    return [ages, *([ORIGINS[int(origin)]] if origin.isdigit() and int(origin) < len(ORIGINS) else [])]


def group_recall(find: Find, faces: list[tuple[str, Source]], maker: SceneMaker) -> dict[str, float]:
    hits: dict[str, list[bool]] = {}
    for name, source in faces:
        scene = maker.scene(roll_deg=20.0, faceless=0.0, fixed=source)
        if not len(scene.boxes):
            continue
        hit = found(find(scene.picture), scene.boxes[0])
        for group in groups_of(name):
            hits.setdefault(group, []).append(hit)
    return {group: float(np.mean(values)) for group, values in sorted(hits.items())}


def photographs(find: Find, sources: list[Source]) -> tuple[float, float]:
    """LFW's photographs as they are, in 320×240: the share whose face is found, and the share with a false alarm."""
    hits, alarms = [], []
    for source in (source for source in sources if not source.tight):
        scale = 240 / source.picture.shape[0]
        fitted = cv2.resize(source.picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        left = (320 - fitted.shape[1]) // 2
        frame = cv2.copyMakeBorder(fitted, 0, 0, left, 320 - fitted.shape[1] - left, cv2.BORDER_CONSTANT)
        truth = tuple(box_of(source.points * scale + np.float32([left, 0])))
        right = [iou(face.box, truth) >= FOUND_IOU for face in find(frame)]
        hits.append(any(right))
        alarms.append(not all(right))
    return float(np.mean(hits)), float(np.mean(alarms))


def video_share(find: Find, path: Path) -> float:
    """The share of a video's frames in which a face is found."""
    video, hits, frames = cv2.VideoCapture(str(path)), 0, 0
    while True:
        more, picture = video.read()
        if not more:
            return hits / frames
        scale = 320 / max(picture.shape[:2])
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        hits += bool(find(small))
        frames += 1


def contact_sheet(find: Find, scenes: list[Scene], path: Path) -> None:
    """Misses (yellow) and alarms (red) first, then hits (green), 12 × 8."""
    drawn: list[tuple[int, np.ndarray]] = []
    for scene in scenes:
        frame = scene.picture.copy()
        faces = find(frame)
        missed = [box for box in scene.boxes if not found(faces, box)]
        alarms = [f for f in faces if not any(iou(f.box, tuple(box)) >= FOUND_IOU for box in scene.boxes)]
        for face in faces:
            draw(frame, face.box, (60, 60, 255) if face in alarms else (80, 220, 80))
        for box in missed:
            draw(frame, box, (0, 220, 255))
        drawn.append((-len(missed) - len(alarms), cv2.resize(frame, (160, 120), interpolation=cv2.INTER_AREA)))
    drawn.sort(key=lambda item: item[0])
    tiles = [picture for _, picture in drawn[:96]]
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.vstack([np.hstack(tiles[i : i + 12]) for i in range(0, len(tiles) - 11, 12)]))


def draw(frame: np.ndarray, box: tuple[float, ...], colour: tuple[int, int, int]) -> None:
    x, y, width, height = (round(float(value)) for value in box)
    cv2.rectangle(frame, (x, y), (x + width, y + height), colour, 3)


def signs_rows(find: Find, sources: list[Source], count: int) -> dict[str, object]:
    """The share of scenes without a face, but with things that are taken for some, in which one is found: on the live
    way, and as photographs of 960×720, which are searched in parts, too."""

    def alarms(seed: int, draw: Callable[[SceneMaker], Scene]) -> str:
        found_any = [bool(find(draw(maker_of(sources, seed, i)).picture)) for i in range(count)]
        return f"{np.mean(found_any):.1%} of {count}"

    def photographed(seed: int, kinds: tuple[str, ...]) -> str:
        some = max(1, count // 3)
        makers = (SceneMaker(sources, np.random.default_rng((SEED, seed, i)), PHOTOGRAPH_WIDTH) for i in range(some))
        finder = SimpleNamespace(find=find)
        found_any = [bool(search_photograph(finder, maker.signs(kinds).picture)) for maker in makers]
        return f"{np.mean(found_any):.1%} of {some}"

    return {
        "scenes of signs with an alarm": alarms(5, lambda maker: maker.signs(TRAINING_KINDS)),
        "  as photographs": photographed(5, TRAINING_KINDS),
        "  of kinds not in training": alarms(6, lambda maker: maker.signs(HELD_OUT_KINDS)),
        "  of these as photographs": photographed(6, HELD_OUT_KINDS),
        "scenes of ears, necks, hair, single features": alarms(7, lambda maker: maker.parts()),
    }


def measure(find: Find, folder: Path, count: int) -> dict[str, object]:
    """One column of the table."""
    sources, names = load_sources(folder, None, "test")
    scenes = [maker_of(sources, i).scene(faceless=0.0) for i in range(count)]
    without = [maker_of(sources, 1, i).scene(faceless=1.0) for i in range(count)]
    tight = [(name, source) for name, source in zip(names, sources, strict=True) if source.tight]
    # The archive is ordered by age, so faces are drawn from all of it.
    order = np.random.default_rng((SEED, 4)).permutation(len(tight))[: 2 * count]
    groups = group_recall(find, [tight[i] for i in order], maker_of(sources, 2))
    frame = scenes[0].picture
    rows: dict[str, object] = {}
    for title, wanted in {
        "recall, all scenes": lambda roll: True,
        "recall, roll under 20°": lambda roll: roll < 20,
        "recall, roll 20-40°": lambda roll: roll >= 20,
    }.items():
        hits, total = recall(find, scenes, wanted)
        rows[title] = f"{hits / max(total, 1):.1%} of {total}"
    alarms = [bool(find(scene.picture)) for scene in without]
    rows["faceless scenes with an alarm"] = f"{np.mean(alarms):.1%} of {len(alarms)}"
    rows.update(signs_rows(find, sources, count // 2))
    rows["worst of eight groups"] = f"{min(groups.values()):.1%} ({min(groups, key=groups.get)})"
    rows.update({f"  {group}": f"{share:.1%}" for group, share in groups.items()})
    share, false = photographs(find, sources)
    rows["photographs as they are (LFW)"] = f"{share:.1%}, alarms on {false:.1%}"
    rows["phone_at_night.mp4, frames with a face"] = f"{video_share(find, folder / 'video' / 'phone_at_night.mp4'):.1%}"
    rows["no_faces.jpg, faces"] = len(find(cv2.imread(str(folder / "video" / "no_faces.jpg"))))
    rows["one 320×240 frame, ms (median)"] = spread(milliseconds(lambda: find(frame), rounds=200))["median_ms"]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_data_option(parser)
    parser.add_argument("--scenes", type=int, default=1000, help="scenes with and without a face, each (default 1000)")
    parser.add_argument("--finder", default="own", help="own, or the path of a YuNet file (as FACE_FINDER)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    folder = data_dir(arguments.data)
    finders: dict[str, Find] = {arguments.finder: FaceFinder.load(arguments.finder).find}
    if (cascade := haar()) is not None:
        finders["Haar"] = cascade
    columns = {name: measure(find, folder, arguments.scenes) for name, find in finders.items()}
    first = next(iter(columns.values()))
    rows = [{"": title, **{name: column[title] for name, column in columns.items()}} for title in first]
    show("Faces of people held out of training, in 320×240 scenes; found: IoU ≥ 0.4", rows, as_json=arguments.json)
    sources, _ = load_sources(folder, None, "test")
    sheet = [maker_of(sources, 3, i).scene() for i in range(400)]
    contact_sheet(finders[arguments.finder], sheet, Path("runs") / "finder" / "contact_sheet.png")


if __name__ == "__main__":
    main()

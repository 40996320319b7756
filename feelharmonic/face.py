"""Frame → Faces: finding faces, following them between frames, cutting crops in FER2013's framing.

In: pixels (H, W, 3) uint8 BGR. Out: Faces, and (48, 48) uint8 grey crops. No file but the finder's own is read.
The networks are weights/face_finder.onnx, which sees whole frames, and weights/face_look.onnx, of the same make, which
sees windows around faces; the first one's card says how the maps are decoded.
"""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import onnxruntime

from feelharmonic.errors import BadInput, SetupFault
from feelharmonic.messages import Face

WEIGHTS_PATH = Path(__file__).resolve().parent / "weights" / "face_finder.onnx"
SECOND_LOOK_PATH = WEIGHTS_PATH.with_name("face_look.onnx")

#: The network's input for a whole frame, and for the window in which a known face is followed (pixels).
FULL_SIZE = (160, 128)
WINDOW_SIZE = (96, 96)
STRIDE = 8
#: The network tells sizes in units of so many pixels.
SIZE_UNIT = 32.0

#: Scores below this are no face. Chosen, like all of these, on training's tuning faces; the card says how.
LEAST_SCORE = 0.48
#: In the first look at a whole frame this much is worth a second look, which must see at least that much.
LEAST_SCORE_CANDIDATE = 0.15
LEAST_SCORE_GLIMPSED = 0.05
#: What the first look weighs beside the second (0..1), whose window shows the face in more detail, there and mirrored.
FIRST_LOOK_WEIGHT = 0.4
#: Where even this much from the mirrored window would not do, it is not looked at.
MOST_SCORE_MIRRORED = 0.95
#: In float32 a network's score may reach 1, whose logit has no end.
MOST_SCORE = 1 - 1e-6
#: A candidate of at least this score needs no second look.
LEAST_SCORE_SURE = 0.9
#: So many candidates get their second look; the best come first.
MOST_CONFIRMED = 6
#: A known face goes on being one down to this score.
LEAST_SCORE_FOLLOWED = 0.35
#: Two boxes that overlap more (intersection over union) are one face.
SAME_FACE_IOU = 0.35
#: A face moves no further between two pictures than to overlap its last place so much.
LEAST_OVERLAP = 0.2

CROP_SIDE_PX = 48
#: Where FER2013's faces have their eyes and mouth corners on average (pixels of 48×48; measured, see the card).
CROP_EYES = ((15.0, 18.2), (32.9, 18.2))
CROP_MOUTH = ((16.6, 37.4), (31.5, 37.4))

#: A whole frame is searched so often, even while faces are followed (seconds).
FULL_SEARCH_S = 0.5
#: In its window a face is about this share of the window's height, as in the middle of what training showed.
WINDOW_SHARE = 0.5
#: More faces than this are not followed one by one: a full search costs less.
MOST_FOLLOWED = 2
#: A face that moved less than this (of its height) between frames is jitter for the most part, and is smoothed.
JITTER_SHARE = 0.06
STEADY_SHARE = 0.2

#: A photograph is searched in so many parts a side after the whole, each larger than its share by PART_OVERLAP, as
#: long as a part is no smaller than LEAST_PART_PX; the more looks, the surer each must be.
PART_LEVELS = (2, 4)
PART_OVERLAP = 1.35
LEAST_PART_PX = 240
LEAST_SCORE_IN_PART = 0.7


class Finder(Protocol):
    """What every face finder offers. One that also has FaceFinder's `find_near`, and whose `find` takes ``known``, is
    followed by windows."""

    def find(self, frame_bgr: np.ndarray) -> list[Face]:
        """Faces in (H, W, 3) uint8 BGR of at least 32×32, best score first; BadInput for any other array."""
        ...


class FaceFinder:
    """Our own networks in ONNX Runtime, one thread. One per process; calls from several threads may overlap."""

    def __init__(self, first_look: onnxruntime.InferenceSession, second_look: onnxruntime.InferenceSession):
        self._first_look = first_look
        self._second_look = second_look

    @classmethod
    def load(cls, name: str = "own") -> Finder:
        """The finder called ``name``: "own", or the path of a YuNet ONNX file. Raises SetupFault where it fails."""
        return cls.load_files(WEIGHTS_PATH, SECOND_LOOK_PATH) if name == "own" else YuNetFinder.load(name)

    @classmethod
    def load_files(cls, first_look: Path, second_look: Path) -> FaceFinder:
        """Networks of our own in these files. Raises SetupFault naming each that cannot be read."""
        sessions, faults = [], []
        for path in (first_look, second_look):
            try:
                sessions.append(_session(path))
            except SetupFault as fault:
                faults.extend(fault.faults)
        if faults:
            raise SetupFault(faults)
        return cls(*sessions)

    def find(self, frame_bgr: np.ndarray, known: Sequence[Face] = ()) -> list[Face]:
        """Faces in ``frame_bgr`` (H, W, 3) uint8, best score first. Raises BadInput for any other array.

        The whole frame at 160×128 gives candidates; one that is not sure is looked at again in a window cut from the
        frame itself, which sees small faces in more detail, and turns most false alarms away. ``known``: the faces of
        the frame before. Where a candidate is one of those, one look through the window at its last place is enough.
        """
        check_frame(frame_bgr)
        candidates = self.candidates(frame_bgr)[:MOST_CONFIRMED]
        seen = [self._again(frame_bgr, face, known) or self._looked_at(frame_bgr, face) for face in candidates]
        return _distinct([face for face in seen if face is not None])

    def find_near(self, frame_bgr: np.ndarray, box: tuple[float, float, float, float]) -> Face | None:
        """The face at about ``box``, searched in a window around it; None where it is gone."""
        return self._near(*_window_around(frame_bgr, box), box, LEAST_SCORE_FOLLOWED)

    def _near(
        self,
        window: np.ndarray,
        view: View,
        box: tuple[float, float, float, float],
        least_score: float,
        *,
        mirrored: bool = False,
    ) -> Face | None:
        """The face at about ``box`` in its window; ``mirrored``: seen left for right (its box is not, its landmarks
        are)."""
        # x of the mirrored window is its width less x: `_mirrored` undoes that.
        seen = _read(self._second_look, np.ascontiguousarray(window[:, ::-1]) if mirrored else window, least_score)
        if mirrored:
            seen = [_mirrored(face, WINDOW_SIZE[0]) for face in seen]
        near = [face for face in map(view.in_frame, seen) if overlap(face.box, box) > LEAST_OVERLAP]
        return max(near, key=lambda face: overlap(face.box, box) * face.score, default=None)

    def candidates(self, frame_bgr: np.ndarray, least_score: float = LEAST_SCORE_CANDIDATE) -> list[Face]:
        """What the first look alone takes for faces in ``frame_bgr`` (H, W, 3) uint8, best score first."""
        height, width = frame_bgr.shape[:2]
        scale = min(FULL_SIZE[0] / width, FULL_SIZE[1] / height)
        small = (max(1, round(width * scale)), max(1, round(height * scale)))
        shrunk = cv2.resize(frame_bgr, small, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        left, top = (FULL_SIZE[0] - small[0]) // 2, (FULL_SIZE[1] - small[1]) // 2
        canvas = np.zeros((FULL_SIZE[1], FULL_SIZE[0], 3), np.uint8)
        canvas[top : top + small[1], left : left + small[0]] = shrunk
        view = View(left=left, top=top, scale_x=small[0] / width, scale_y=small[1] / height)
        return [view.in_frame(face) for face in _read(self._first_look, canvas, least_score)]

    def _looked_at(self, frame_bgr: np.ndarray, face: Face) -> Face | None:
        """``face`` as its window shows it, its score made of both looks; None where that is no face.

        A sure face is taken as it is: windows around the largest faces show little but what lies beyond the frame.
        """
        if face.score >= LEAST_SCORE_SURE:
            return face
        window, view = _window_around(frame_bgr, face.box)
        near = self._near(window, view, face.box, LEAST_SCORE_GLIMPSED)
        if near is None or all_looks(face.score, near.score, MOST_SCORE_MIRRORED) < LEAST_SCORE:
            return None
        mirrored = self._near(window, view, face.box, LEAST_SCORE_GLIMPSED, mirrored=True)
        if mirrored is None:
            return None
        score = all_looks(face.score, near.score, mirrored.score)
        return replace(near, score=score) if score >= LEAST_SCORE else None

    def _again(self, frame_bgr: np.ndarray, face: Face, known: Sequence[Face]) -> Face | None:
        """``face`` as the window shows it in which it is followed; None where it is none of ``known``, or no face."""
        last = max(known, key=lambda old: overlap(old.box, face.box), default=None)
        if last is None or overlap(last.box, face.box) < LEAST_OVERLAP:
            return None
        # Looked at through the same window as between searches: the box does not jump with every search.
        near = self.find_near(frame_bgr, last.box)
        if near is None or overlap(near.box, face.box) < SAME_FACE_IOU:
            return None
        sure = face.score >= LEAST_SCORE_SURE
        score = face.score if sure else all_looks(face.score, near.score, near.score)
        return replace(near, score=score) if score >= LEAST_SCORE else None


class YuNetFinder:
    """A YuNet ONNX file that the user has, run by OpenCV, for comparison and for those who prefer it."""

    def __init__(self, detector: cv2.FaceDetectorYN):
        self._detector = detector
        self._lock = threading.Lock()  # the detector keeps its input size and buffers between calls

    @classmethod
    def load(cls, path: str) -> YuNetFinder:
        """The detector in the file ``path``. Raises SetupFault where it cannot be read."""
        if not Path(path).is_file():
            raise SetupFault([f"FACE_FINDER: expected 'own' or the path of a YuNet ONNX file, got {path!r}."])
        try:
            return cls(cv2.FaceDetectorYN.create(path, "", (320, 320), score_threshold=0.6))
        except cv2.error as exc:
            fault = f"FACE_FINDER: {path!r} is not a YuNet file that OpenCV {cv2.__version__} reads."
            raise SetupFault([fault]) from exc

    def find(self, frame_bgr: np.ndarray) -> list[Face]:
        """Faces in ``frame_bgr`` (H, W, 3) uint8, best score first. Raises BadInput for any other array."""
        check_frame(frame_bgr)
        with self._lock:
            self._detector.setInputSize((frame_bgr.shape[1], frame_bgr.shape[0]))
            _, rows = self._detector.detect(frame_bgr)
        faces = [_yunet_face(row) for row in rows] if rows is not None else []
        return sorted(faces, key=lambda face: -face.score)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How the network's picture lies in the frame: network = frame × scale + (left, top)."""

    left: float
    top: float
    scale_x: float
    scale_y: float

    def in_frame(self, face: Face) -> Face:
        x, y, width, height = face.box
        corner = ((x - self.left) / self.scale_x, (y - self.top) / self.scale_y)
        box = (*corner, width / self.scale_x, height / self.scale_y)
        points = (face.landmarks - (self.left, self.top)) / (self.scale_x, self.scale_y)
        return replace(face, box=box, landmarks=points.astype(np.float32))


class FaceFollower:
    """One listener's faces from frame to frame: the same id while a face is in view. State: a few boxes."""

    def __init__(self, finder: Finder):
        self._finder = finder
        self._known: list[Face] = []
        self._ids = itertools.count(1)
        self._searched_at_s = -np.inf

    def see(self, frame_bgr: np.ndarray, at_s: float) -> list[Face]:
        """Faces with ids in ``frame_bgr`` (H, W, 3) uint8, taken at ``at_s`` seconds; best score first."""
        check_frame(frame_bgr)
        followed = self._followed(frame_bgr) if self._may_follow(at_s) else None
        if followed is None:
            followed = self._searched(frame_bgr)
            self._searched_at_s = at_s
        self._known = sorted(followed, key=lambda face: -face.score)
        return list(self._known)

    def _may_follow(self, at_s: float) -> bool:
        fresh = 0 <= at_s - self._searched_at_s < FULL_SEARCH_S
        return fresh and 0 < len(self._known) <= MOST_FOLLOWED and hasattr(self._finder, "find_near")

    def _followed(self, frame_bgr: np.ndarray) -> list[Face] | None:
        """Every known face, found again near its last place; None when one is lost or its score drops."""
        faces = []
        for known in self._known:
            near = self._finder.find_near(frame_bgr, known.box)
            # Two windows may meet on one face where people pass each other: a full search tells them apart.
            if near is None or any(overlap(near.box, face.box) > SAME_FACE_IOU for face in faces):
                return None
            faces.append(steadied(near, known))
        return faces

    def _searched(self, frame_bgr: np.ndarray) -> list[Face]:
        looks_again = hasattr(self._finder, "find_near")
        found = self._finder.find(frame_bgr, self._known) if looks_again else self._finder.find(frame_bgr)
        unclaimed = list(self._known)
        return [self._named(face, unclaimed) for face in found]

    def _named(self, face: Face, unclaimed: list[Face]) -> Face:
        best = max(unclaimed, key=lambda old: overlap(old.box, face.box), default=None)
        if best is None or overlap(best.box, face.box) < LEAST_OVERLAP:
            return replace(face, id=next(self._ids))
        unclaimed.remove(best)
        return steadied(face, best)


def search_closely(finder: Finder, picture_bgr: np.ndarray) -> list[Face]:
    """Faces of a whole photograph, best score first, small ones too: in all of it, then in overlapping parts of it.

    ``picture_bgr`` (H, W, 3) uint8. One look at the whole sees faces of about a tenth of the height and more; each
    level of parts halves that. Raises BadInput for any other array.
    """
    faces = list(finder.find(picture_bgr))
    height, width = picture_bgr.shape[:2]
    for parts in PART_LEVELS:
        side_x, side_y = (round(length / parts * PART_OVERLAP) for length in (width, height))
        if min(side_x, side_y) < LEAST_PART_PX:
            break
        for left in _starts(width, side_x, parts):
            for top in _starts(height, side_y, parts):
                part = np.ascontiguousarray(picture_bgr[top : top + side_y, left : left + side_x])
                seen = [_moved(face, left, top) for face in finder.find(part)]
                faces += [face for face in seen if face.score >= LEAST_SCORE_IN_PART]
    return _whole_ones(faces)


def _starts(length: int, side: int, parts: int) -> list[int]:
    """Where ``parts`` windows of ``side`` begin, evenly over ``length``."""
    return [round(value) for value in np.linspace(0, length - side, parts)]


def _moved(face: Face, right: float, down: float) -> Face:
    x, y, width, height = face.box
    points = None if face.landmarks is None else face.landmarks + np.float32([right, down])
    return replace(face, box=(x + right, y + down, width, height), landmarks=points)


def _whole_ones(faces: list[Face]) -> list[Face]:
    """As `_distinct`; where a part's edge cut a face, the box that lies mostly inside a better one goes as well."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if all(overlap(face.box, better.box) < SAME_FACE_IOU and not _inside(face.box, better.box) for better in kept):
            kept.append(face)
    return kept


def _inside(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether most of the smaller box lies in the larger."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return width > 0 and height > 0 and width * height > 0.6 * min(one[2] * one[3], other[2] * other[3])


def steadied(face: Face, before: Face) -> Face:
    """``face`` under the id of ``before``, its box and landmarks drawn towards those where it hardly moved."""
    one, other = np.array(face.box), np.array(before.box)
    moved = np.abs(one - other).max() / max(face.box[3], 1e-6)
    share = STEADY_SHARE + (1 - STEADY_SHARE) * min(moved / JITTER_SHARE, 1.0) ** 2
    points = face.landmarks
    if points is not None and before.landmarks is not None:
        points = before.landmarks + np.float32(share) * (points - before.landmarks)
    box = tuple(float(value) for value in other + share * (one - other))
    return replace(face, box=box, landmarks=points, id=before.id)


def _window_around(frame_bgr: np.ndarray, box: tuple[float, float, float, float]) -> tuple[np.ndarray, View]:
    """The window (96, 96, 3) uint8 in which the face at ``box`` is looked at, and where it lies."""
    x, y, width, height = box
    side = max(width, height) / WINDOW_SHARE
    scale = WINDOW_SIZE[0] / side
    left, top = x + width / 2 - side / 2, y + height / 2 - side / 2
    view = View(left=-left * scale, top=-top * scale, scale_x=scale, scale_y=scale)
    return cut_window(frame_bgr, left, top, scale, WINDOW_SIZE), view


def prepare(picture_bgr: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 BGR → (1, 3, H, W) float32 0..1, as the network takes it; H and W multiples of 32."""
    return np.ascontiguousarray(picture_bgr.transpose(2, 0, 1)[None], np.float32) / np.float32(255)


def _read(session: onnxruntime.InferenceSession, picture_bgr: np.ndarray, least_score: float) -> list[Face]:
    """What the network sees in ``picture_bgr``, in its pixels."""
    (maps,) = session.run(None, {"pictures": prepare(picture_bgr)})
    return decode_maps(maps[0], least_score)


def all_looks(first: float, second: float, mirrored: float) -> float:
    """One score 0..1 out of three looks at a face: the weighted mean of their logits."""
    rest = (1 - FIRST_LOOK_WEIGHT) / 2
    logit = FIRST_LOOK_WEIGHT * _logit(first) + rest * (_logit(second) + _logit(mirrored))
    return 1 / (1 + math.exp(-logit))


def _logit(score: float) -> float:
    score = min(score, MOST_SCORE)
    return math.log(score / (1 - score))


def _mirrored(face: Face, width: int) -> Face:
    """The face as it lies in the unmirrored picture of that width; only box and score are meant to be used."""
    x, y, face_width, height = face.box
    return replace(face, box=(width - x - face_width, y, face_width, height))


def decode_maps(maps: np.ndarray, least_score: float) -> list[Face]:
    """(15, H/8, W/8) float32 → faces in the network's pixels, best first, none overlapping another much.

    Map 0: logit of a face's centre. 1, 2: the centre's offset from the middle of the cell, in cells. 3, 4: logarithm of
    width and height in units of SIZE_UNIT. 5..14: landmarks from the centre, x and y, in widths and heights.
    """
    rows, columns = np.nonzero(maps[0] > np.log(least_score / (1 - least_score)))
    if not len(rows):
        return []
    values = maps[:, rows, columns]  # (15, N)
    scores = 1 / (1 + np.exp(-values[0]))
    centres = (np.stack((columns, rows)) + 0.5 + values[1:3]) * STRIDE  # (2, N), as are sizes
    sizes = np.exp(np.clip(values[3:5], -4, 3)) * np.float32(SIZE_UNIT)
    boxes = np.concatenate((centres - sizes / 2, sizes))
    return [
        Face(
            box=tuple(boxes[:, i].tolist()),
            score=float(scores[i]),
            landmarks=np.float32(values[5:, i].reshape(5, 2) * sizes[:, i] + centres[:, i]),
        )
        for i in _apart(boxes, scores)
    ]


def _apart(boxes: np.ndarray, scores: np.ndarray) -> list[int]:
    """Which of ``boxes`` (4, N), best first, remain without those that overlap a better one much (non-maximum
    suppression)."""
    left, right, top, bottom = boxes[0], boxes[0] + boxes[2], boxes[1], boxes[1] + boxes[3]
    areas = boxes[2] * boxes[3]
    order, kept = np.argsort(-scores, kind="stable"), []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(int(best))
        width = np.minimum(right[rest], right[best]) - np.maximum(left[rest], left[best])
        height = np.minimum(bottom[rest], bottom[best]) - np.maximum(top[rest], top[best])
        shared = np.maximum(width, 0) * np.maximum(height, 0)
        order = rest[shared < SAME_FACE_IOU * (areas[rest] + areas[best] - shared)]
    return kept


def _distinct(faces: list[Face]) -> list[Face]:
    """The faces, best first, without those that overlap a better one much (non-maximum suppression)."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if all(overlap(face.box, better.box) < SAME_FACE_IOU for better in kept):
            kept.append(face)
    return kept


def cut_crop(frame_bgr: np.ndarray, face: Face) -> np.ndarray:
    """The face as (48, 48) uint8 grey in FER2013's framing; beyond the frame its edge is repeated.

    With landmarks the crop is turned so that the eyes are level and eyes and mouth fall where FER2013's do on average.
    """
    x, y, width, height = face.box
    if face.landmarks is None:
        side = height * 0.98
        return _grey_crop(frame_bgr, _upright(x + width / 2, y - 0.035 * height, side))
    return _grey_crop(frame_bgr, _aligned(face.landmarks, height))


def _aligned(points: np.ndarray, height: float) -> np.ndarray:
    """(2, 3): the similarity that takes eyes and mouth to their places in the crop."""
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    crop_eyes, crop_mouth = np.mean(CROP_EYES, axis=0), np.mean(CROP_MOUTH, axis=0)
    down = mouth - eyes
    length = float(np.hypot(*down))
    # Landmarks that say nothing (all in one place) leave the face's height to go by.
    scale = float(crop_mouth[1] - crop_eyes[1]) / max(length, 0.2 * height)
    turn = np.arctan2(down[0], down[1])
    cos, sin = np.cos(turn) * scale, np.sin(turn) * scale
    linear = np.array([[cos, -sin], [sin, cos]])
    return np.hstack([linear, (crop_eyes - linear @ eyes)[:, None]])


def _upright(middle_x: float, top: float, side: float) -> np.ndarray:
    scale = CROP_SIDE_PX / max(side, 1e-3)
    return np.array([[scale, 0, -(middle_x - side / 2) * scale], [0, scale, -top * scale]])


def _grey_crop(frame_bgr: np.ndarray, move: np.ndarray) -> np.ndarray:
    """The part of the frame that ``move`` (2, 3) takes to 48×48, in grey. Only that part is converted and shrunk."""
    inverse = cv2.invertAffineTransform(move)
    corners = cv2.transform(np.array([[(0, 0), (48, 0), (48, 48), (0, 48)]], np.float64), inverse)[0]
    frame_h, frame_w = frame_bgr.shape[:2]
    # At least two pixels of the frame, wherever the face is said to be.
    limits = np.array([frame_w, frame_h])
    left, top = np.clip(corners.min(0) - 2, 0, limits - 2).astype(int)
    right, bottom = np.clip(corners.max(0) + 3, (left + 2, top + 2), limits).astype(int)
    part = cv2.cvtColor(np.ascontiguousarray(frame_bgr[top:bottom, left:right]), cv2.COLOR_BGR2GRAY)
    move = move.copy()
    move[:, 2] += move[:, :2] @ (left, top)
    scale = float(np.hypot(*move[:, 0]))
    if scale < 0.5:  # warpAffine samples sparsely when it shrinks: average first
        small = cv2.resize(part, None, fx=scale * 1.5, fy=scale * 1.5, interpolation=cv2.INTER_AREA)
        move[:, 0] *= part.shape[1] / small.shape[1]
        move[:, 1] *= part.shape[0] / small.shape[0]
        part = small
    size = (CROP_SIDE_PX, CROP_SIDE_PX)
    return cv2.warpAffine(part, move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def cut_window(frame_bgr: np.ndarray, left: float, top: float, scale: float, size: tuple[int, int]) -> np.ndarray:
    """(size, 3) uint8: the frame from (left, top), scaled; black beyond the frame."""
    width, height = size
    frame_h, frame_w = frame_bgr.shape[:2]
    x1, y1 = max(0, int(np.floor(left))), max(0, int(np.floor(top)))
    x2, y2 = min(frame_w, int(np.ceil(left + width / scale))), min(frame_h, int(np.ceil(top + height / scale)))
    if x2 - x1 < 2 or y2 - y1 < 2:
        return np.zeros((height, width, 3), np.uint8)
    part = frame_bgr[y1:y2, x1:x2]
    shrink = 1.0
    if scale < 0.5:
        shrink = scale
        part = cv2.resize(part, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    move = np.array([[scale / shrink, 0, (x1 - left) * scale], [0, scale / shrink, (y1 - top) * scale]])
    return cv2.warpAffine(part, move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)


def check_frame(frame_bgr: object) -> None:
    """Raises BadInput unless ``frame_bgr`` is an (H, W, 3) uint8 array of at least 32×32."""
    expected = "Expected a frame (H, W, 3) uint8 BGR of at least 32×32 pixels"
    if not isinstance(frame_bgr, np.ndarray):
        raise BadInput(f"{expected}, got {type(frame_bgr).__name__}.")
    if frame_bgr.ndim != 3 or frame_bgr.shape[2] != 3 or frame_bgr.dtype != np.uint8 or min(frame_bgr.shape[:2]) < 32:
        raise BadInput(
            f"{expected}, got shape {frame_bgr.shape}, dtype {frame_bgr.dtype}. "
            "Convert with cv2.cvtColor(…, cv2.COLOR_GRAY2BGR or cv2.COLOR_BGRA2BGR)."
        )


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Intersection over union, 0..1, of two boxes (x, y, width, height)."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # One thread: the server's threads are its listeners, and more would fight over the cores.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    mend = f"Restore it with `git checkout feelharmonic/weights/{path.name}` or train it (training/README.md)."
    if not path.is_file():
        raise SetupFault([f"{path.name}: the face finder's network is missing. {mend}"])
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    # ONNX Runtime's faults have no common type of their own.
    except Exception as exc:
        raise SetupFault([f"{path.name}: the face finder cannot be read ({type(exc).__name__}). {mend}"]) from exc


def _yunet_face(row: np.ndarray) -> Face:
    """One of YuNet's rows: box, right eye, left eye, nose, right and left corner of the mouth (the face's own right,
    which is the left of the picture), score."""
    x, y, width, height = (float(value) for value in row[:4])
    return Face(box=(x, y, width, height), score=float(row[14]), landmarks=np.float32(row[4:14]).reshape(5, 2))

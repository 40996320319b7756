"""`python -m tests.vectors.make`: expected outputs of the Python stages, which JavaScript's must match.

Writes tests/vectors/*.json. test_vectors.py says when they are out of date; tests/js/reading/stages.test.js reads them.
The pictures are seeded noise, smoothed, and drawn shapes; no network runs here
(tests/reading/test_browser_constants.py does that).
"""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from feelharmonic.emotions import EMOTIONS
from feelharmonic.params import Params
from feelharmonic.reading.baseline import RestingFaces, appearance_of, relative_to_rest
from feelharmonic.reading.browser_constants import constants_for_browser
from feelharmonic.reading.faces.boxes import iou
from feelharmonic.reading.faces.crop import cut_crop
from feelharmonic.reading.faces.face_finder import FaceFinder, decode_maps
from feelharmonic.reading.faces.face_tracker import FaceTracker, beside_faces, has_changed, points_of
from feelharmonic.reading.group_expression import group_of
from feelharmonic.reading.messages import Expression, Face, Mood, SeenFace
from feelharmonic.reading.mood import MoodSmoother
from feelharmonic.reading.pictures.picture_quality import PictureQuality
from tests.vectors.files import files
from tests.vectors.listener import listeners
from tests.vectors.unchanged import unchanged

FOLDER = Path(__file__).resolve().parent


def vectors() -> dict[str, dict]:
    """Every document by its file's name."""
    cv2.setNumThreads(1)
    made = {
        "pictures": pictures(),
        "maps": maps(),
        "tracker": tracked(),
        "moods": moods(),
        "group": group(),
        "baseline": resting(),
        "quality": quality(),
        "files": files(),
        "listener": listeners(),
        "unchanged": unchanged(pixels),
    }
    return {f"{name}.json": document for name, document in made.items()}


def pictures() -> dict:
    """Windows and crops cut from one drawn frame, of faces inside, tilted, tiny, large and across the edges.

    The finder's inputs are kept by their green alone, which keeps the file small.
    """
    frame = drawn_frame()
    boxes = [
        (40, 30, 30, 40),
        (0, -20, 110, 150),
        (-20, -10, 60, 80),
        (90, 60, 50, 60),
        (55, 40, 9, 12),
        (300, 300, 20, 30),
    ]
    cuts = []
    for index, box in enumerate(boxes):
        for tilt in (None, 0, 25 * (-1) ** index):
            face = Face(box=box, score=1.0, landmarks=None if tilt is None else landmarks(box, tilt))
            points = None if face.landmarks is None else numbers(face.landmarks)
            cuts.append({"box": box, "landmarks": points, "crop": pixels(cut_crop(frame, face))})
    seen: list[np.ndarray] = []

    class NoFace:
        """Stands in for the networks: keeps their inputs, and finds nothing."""

        def run(self, _outputs: None, inputs: dict[str, np.ndarray]) -> tuple[np.ndarray]:
            (planes,) = inputs["pictures"]
            seen.append(np.uint8(np.round(planes.transpose(1, 2, 0) * 255)))
            return (np.full((1, 15, planes.shape[1] // 8, planes.shape[2] // 8), -9, np.float32),)

    finder = FaceFinder(NoFace(), NoFace())
    fitted = []
    for down, across in ((1, 1), (2, 2), (3, 2)):
        finder.find(frame[:100, :120].repeat(down, axis=0).repeat(across, axis=1))
        fitted.append({"down": down, "across": across, "input": pixels(seen.pop()[:, :, 1])})
    windows = []
    for box in boxes:
        finder.find_near(frame, box)
        windows.append({"box": box, "input": pixels(seen.pop()[:, :, 1])})
    return {
        "constants": constants_for_browser(Params.load()),
        "frame": pixels(frame),
        "crops": cuts,
        "fitted": fitted,
        "windows": windows,
    }


def maps() -> dict:
    """Random maps of the finder network, with a few likely cells, and the faces that they decode to."""
    chance = np.random.default_rng(9)
    cases = []
    for rows, columns, min_score in ((12, 12, 0.35), (16, 20, 0.3), (4, 5, 0.5)):
        values = chance.normal(0, 0.4, (15, rows, columns)).astype(np.float32)
        values[0] = chance.normal(-2.0, 1.2, (rows, columns))
        found = decode_maps(values, min_score)
        cases.append(
            {
                "rows": rows,
                "columns": columns,
                "min_score": min_score,
                "maps": floats(values),
                "faces": [face_fields(face) for face in found],
            }
        )
    return {"constants": constants_for_browser(Params.load())["finder"], "cases": cases}


def tracked() -> dict:
    """A walk of two people seen by a scripted finder: where the tracker finds them, and their ids."""
    chance = np.random.default_rng(4)
    script, times, tracked = [], [], []

    class Scripted:
        """Answers from the frame's place in the script: full searches and windows see the same faces."""

        def find(self, frame, known=()):
            return [read_face(face) for face in script[-1]]

        def find_near(self, frame, box):
            near = [face for face in self.find(frame) if iou(face.box, box) > 0.2]
            return max(near, key=lambda face: iou(face.box, box) * face.score, default=None)

    tracker = FaceTracker(Scripted())
    frame = np.zeros((64, 64, 3), np.uint8)
    for step in range(40):
        at_s = round(0.11 * step, 3)
        script.append(walkers(step, chance))
        times.append(at_s)
        tracked.append([face_fields(face) for face in tracker.track(frame, at_s)])
    constants = constants_for_browser(Params.load())["tracker"]
    return {"constants": constants, "times_s": times, "script": script, "faces": tracked, "changes": changes()}


def changes() -> dict:
    """A frame and others: whether something has changed beside the face between them, and how many points were seen."""
    before, box = drawn_frame()[::2, ::2], (20.0, 10.0, 15.0, 20.0)
    after = {
        "the same": before,
        "moved": np.roll(before, (1, -1), axis=(0, 1)),
        "darker": np.uint8(before * 0.8),
        "somebody in the corner": cv2.ellipse(before.copy(), (70, 10), (6, 8), 0, 0, 360, (90, 230, 160), -1),
        "a hand before the chest": cv2.ellipse(before.copy(), (28, 50), (7, 5), 0, 0, 360, (90, 230, 160), -1),
    }
    cases = []
    for name, frame in after.items():
        for x in (21.0, -10.0):
            boxes = (box, (x, 11.0, 15.0, 20.0))
            beside = beside_faces(frame.shape, *boxes)
            changed = has_changed(points_of(frame), points_of(before), beside)
            cases.append({"after": name, "boxes": boxes, "beside": int((beside > 0).sum()), "changed": changed})
    return {"before": pixels(before), "frames": {name: pixels(frame) for name, frame in after.items()}, "cases": cases}


def walkers(step: int, chance: np.random.Generator) -> list[dict]:
    """One person who sways, one who comes, goes and comes back."""
    here = [(60 + 10 * np.sin(step / 4), 50 + 0.3 * chance.normal(), 40, 52)]
    if 8 <= step < 22 or step >= 30:
        here.append((180 - 6 * (step % 20), 60, 36, 45))
    found = []
    for box in here:
        score = round(float(chance.uniform(0.6, 0.95)), 4)
        points = landmarks(box, 5)
        found.append(face_fields(Face(box=tuple(map(float, box)), score=score, landmarks=points)))
    return found


def moods() -> dict:
    """Series of readings, pauses and missing faces, and the moods after each."""
    params = Params.load()
    chance = np.random.default_rng(2)
    series = []
    for name, rate_hz in (("ten a second", 10), ("three a second", 3)):
        smoother = MoodSmoother(params.smoothing)
        steps = []
        at_s = 5.0
        for step in range(90):
            at_s += (1 / rate_hz) * float(chance.uniform(0.5, 1.5)) + {60: 7.0, 85: 28800.0}.get(step, 0.0)
            steps.append(mood_step(smoother, chance, step, round(at_s, 4)))
        series.append({"name": name, "steps": steps})
    return {"constants": constants_for_browser(params)["mood"], "series": series}


def group() -> dict:
    """Groups of no, one and several faces, some of them not read: what they show together."""
    chance = np.random.default_rng(11)
    cases = []
    for count in (0, 1, 2, 5):
        seen = [
            SeenFace(
                face=Face(box=(0.0, 0.0, 30.0, float(chance.uniform(20, 200))), score=float(chance.random()), id=i),
                expression=None if i == 3 else Expression(probabilities=tuple(chance.dirichlet(np.ones(7)).tolist())),
            )
            for i in range(count)
        ]
        faces_seen = [
            {
                "id": one.face.id,
                "height": one.face.box[3],
                "score": one.face.score,
                "probabilities": None if one.expression is None else list(one.expression.probabilities),
            }
            for one in seen
        ]
        made = group_of(seen)
        expected = made and {
            "probabilities": list(made.expression.probabilities),
            "shares": [{"id": one.id, "share": one.share} for one in made.shares],
        }
        cases.append({"faces": faces_seen, "group": expected})
    return {"cases": cases}


def mood_step(smoother: MoodSmoother, chance: np.random.Generator, step: int, at_s: float) -> dict:
    """One event for the smoother, and what it says then: mostly a face; now and then none; once a mood to resume."""
    event: dict = {"at_s": at_s}
    if step == 75:
        event["resume"] = {"emotion": "sad", "confidence": 0.6, "since_s": 3.0}
        smoother.resume(Mood(**event["resume"]), at_s)
        mood = smoother.mood(at_s)
    elif 40 <= step < 44 or step == 61:
        mood = smoother.update_without_face(at_s)
    else:
        shown = chance.dirichlet(np.full(len(EMOTIONS), 0.4))
        leaning = np.full(len(EMOTIONS), 0.05)
        leaning[(step // 15) % len(EMOTIONS)] = 0.7
        probabilities = (0.35 * shown + 0.65 * leaning / leaning.sum()).round(5)
        event["probabilities"] = (probabilities / probabilities.sum()).tolist()
        event["score"] = round(float(chance.uniform(0.4, 1.0)), 3)
        mood = smoother.update(Expression(probabilities=tuple(event["probabilities"])), event["score"], at_s)
    expression = smoother.expression()
    event["mood"] = mood and {
        "emotion": mood.emotion,
        "confidence": mood.confidence,
        "since_s": mood.since_s,
        "probabilities": mood.probabilities and list(mood.probabilities),
    }
    event["expression"] = expression and list(expression.probabilities)
    return event


def resting() -> dict:
    """Faces that come, move, are lost, come back and change places: what each shows beyond its own rest."""
    params = Params.load()
    chance = np.random.default_rng(8)
    looks = [np.uint8(cv2.resize(chance.integers(0, 256, (6, 6), dtype=np.uint8), (48, 48))) for _ in range(3)]
    rests = chance.dirichlet([0.5, 0.3, 0.3, 0.5, 1, 0.3, 4], 3)
    known = RestingFaces(params.baseline)
    at_s, steps = 3.0, []
    for step in range(260):
        at_s = round(at_s + float(chance.uniform(0.05, 0.4)) + (7.0 if step == 200 else 0.0), 3)
        people = [(1, 0, 40.0)] + ([(2, 1, 160.0)] if 20 <= step < 90 else [])
        if 60 <= step < 66:
            people = people[1:]  # lost for a moment, then found again under a new id
        if step >= 66:
            people[0] = (3, 0, 45.0)
        if step >= 140:
            people[0] = (3, 2, 45.0)  # another person under the same id
        faces = [seen_face(id, look, x, rests, looks, chance) for id, look, x in people]
        shown = known.update(faces, at_s)
        steps.append(
            {
                "at_s": at_s,
                "faces": [
                    {
                        "id": one.face.id,
                        "box": list(one.face.box),
                        "look": look,
                        "probabilities": list(one.expression.probabilities),
                        "shown": list(other.expression.probabilities),
                        "learned": known.is_learned(one.face.id),
                    }
                    for one, other, (_, look, _) in zip(faces, shown, people, strict=True)
                ],
            }
        )
    rows = chance.dirichlet(np.full(7, 0.5), 6).round(4)
    against = relative_to_rest(rows, rests[0], neutral=params.baseline.neutral)
    return {
        "constants": constants_for_browser(params)["baseline"],
        "looks": [pixels(look) for look in looks],
        "appearances": [appearance_of(look).tolist() for look in looks],
        "steps": steps,
        "given": {"resting": rests[0].tolist(), "probabilities": rows.tolist(), "shown": against.tolist()},
    }


def quality() -> dict:
    """Frames that can be read and frames that cannot, at several times: what is said of each."""
    frame = drawn_frame()
    dark, bright = np.uint8(frame * 0.03), np.uint8(frame * 0.05 + 240)
    hand, wall = np.full_like(frame, 60), np.full_like(frame, 130)
    shown = {"frame": frame, "black": np.zeros_like(frame), "dark": dark, "bright": bright, "hand": hand, "wall": wall}
    middle, small, cut = (40, 30, 40, 50), (40, 30, 10, 14), (-30, 30, 60, 70)
    cases = [
        *(("frame", [middle], 0.4 * i) for i in range(10)),
        *((name, [box] if box else [], 10.0) for name in shown for box in (middle, None)),
        ("frame", [small], 20.0),
        ("frame", [cut], 21.0),
    ]
    judge = PictureQuality()
    steps = []
    for name, boxes, at_s in cases:
        faces = [Face(box=tuple(map(float, box)), score=0.9) for box in boxes]
        said = judge.problem(shown[name], faces, at_s)
        steps.append({"picture": name, "boxes": boxes, "at_s": round(at_s, 2), "problem": said})
    return {
        "constants": constants_for_browser(Params.load())["quality"],
        "pictures": {name: pixels(picture) for name, picture in shown.items()},
        "steps": steps,
    }


def seen_face(id: int, look: int, x: float, rests: np.ndarray, looks: list[np.ndarray], chance) -> SeenFace:
    """One person's face at about ``x``, at rest but for some noise."""
    row = (rests[look] * np.exp(chance.normal(0, 0.7, 7))).round(5) + 1e-5
    box = (x + float(chance.normal(0, 2)), 30.0, 50.0, 64.0)
    probabilities = tuple((row / row.sum()).tolist())
    return SeenFace(
        face=Face(box=box, score=0.9, id=id),
        expression=Expression(probabilities=probabilities),
        appearance=appearance_of(looks[look]),
    )


# ---------- what the documents are made of ----------


def drawn_frame() -> np.ndarray:
    """(120, 160, 3) uint8 BGR: soft noise in colour, with a face of ellipses on it."""
    chance = np.random.default_rng(1)
    small = chance.integers(0, 256, (30, 40, 3), dtype=np.uint8)
    frame = cv2.resize(small, (160, 120), interpolation=cv2.INTER_CUBIC)
    cv2.ellipse(frame, (55, 50), (26, 36), 8, 0, 360, (140, 170, 220), -1, cv2.LINE_AA)
    for centre in ((45, 42), (66, 44)):
        cv2.ellipse(frame, centre, (5, 3), 8, 0, 360, (40, 40, 40), -1, cv2.LINE_AA)
    cv2.ellipse(frame, (54, 66), (11, 5), 8, 0, 180, (60, 60, 160), -1, cv2.LINE_AA)
    return frame


def landmarks(box: tuple[float, float, float, float], tilt: float) -> np.ndarray:
    """(5, 2) float32: where a face's points are in ``box``, turned by ``tilt`` degrees."""
    x, y, width, height = box
    places = np.float64([(-0.2, -0.12), (0.2, -0.12), (0, 0.08), (-0.17, 0.28), (0.17, 0.28)]) * (width, height)
    cos, sin = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
    return np.float32(places @ np.array([[cos, sin], [-sin, cos]]) + (x + width / 2, y + height / 2))


def face_fields(face: Face) -> dict:
    points = None if face.landmarks is None else numbers(face.landmarks)
    return {"box": numbers(np.array(face.box)), "score": float(face.score), "landmarks": points, "id": face.id}


def read_face(fields: dict) -> Face:
    return replace(Face(box=tuple(fields["box"]), score=fields["score"]), landmarks=np.float32(fields["landmarks"]))


def numbers(array: np.ndarray) -> list:
    return np.round(array.astype(np.float64), 5).tolist()


def pixels(array: np.ndarray) -> dict:
    """A picture: its size and its bytes in base64."""
    channels = array.shape[2] if array.ndim == 3 else 1
    text = base64.b64encode(np.ascontiguousarray(array, np.uint8).tobytes()).decode()
    return {"height": array.shape[0], "width": array.shape[1], "channels": channels, "data": text}


def floats(array: np.ndarray) -> str:
    """Little-endian float32 in base64."""
    return base64.b64encode(array.astype("<f4").tobytes()).decode()


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, document in vectors().items():
        path = FOLDER / name
        path.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")
        print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()

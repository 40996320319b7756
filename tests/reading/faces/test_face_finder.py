"""Finding, following and cropping faces: on real pictures of any size and shape, and on what is no picture."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from feelharmonic.errors import BadInput, SetupFault
from feelharmonic.reading.faces.boxes import MIN_IOU, SAME_FACE_IOU, iou
from feelharmonic.reading.faces.crop import CROP_EYES, CROP_MOUTH, cut_crop
from feelharmonic.reading.faces.face_finder import FaceFinder, decode_maps
from feelharmonic.reading.faces.face_finder_yunet import YuNetFinder
from feelharmonic.reading.faces.face_tracker import FULL_SEARCH_S, FaceTracker
from feelharmonic.reading.messages import Face

#: The astronaut's face in the 320×240 frame, by eye.
ASTRONAUT_BOX = (120, 40, 45, 66)


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder.load()


def turned(frame_bgr: np.ndarray, degrees: float) -> np.ndarray:
    move = cv2.getRotationMatrix2D((143, 73), degrees, 1.0)
    return cv2.warpAffine(frame_bgr, move, (320, 240), borderMode=cv2.BORDER_REFLECT)


def test_the_one_face_is_found_where_it_is(finder, astronaut_bgr):
    (face,) = finder.find(astronaut_bgr)
    assert iou(face.box, ASTRONAUT_BOX) > 0.6
    assert 0.5 <= face.score <= 1
    assert face.landmarks.shape == (5, 2)
    left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
    assert left_eye[0] < nose[0] < right_eye[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


@pytest.mark.parametrize("degrees", [-35, -20, 20, 35])
def test_a_tilted_face_is_found(finder, astronaut_bgr, degrees):
    assert any(iou(face.box, ASTRONAUT_BOX) > 0.4 for face in finder.find(turned(astronaut_bgr, degrees)))


def test_a_dim_and_a_grey_picture_are_searched_as_well(finder, astronaut_bgr):
    dim = (astronaut_bgr * 0.25).astype(np.uint8)
    grey = cv2.cvtColor(cv2.cvtColor(astronaut_bgr, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    for frame in (dim, grey):
        assert any(iou(face.box, ASTRONAUT_BOX) > 0.5 for face in finder.find(frame))


@pytest.mark.parametrize("seed", range(3))
def test_noise_and_walls_are_no_faces(finder, seed):
    chance = np.random.default_rng(seed)
    assert finder.find(chance.integers(0, 256, (240, 320, 3), dtype=np.uint8)) == []
    assert finder.find(np.full((240, 320, 3), 40 * seed, np.uint8)) == []


@pytest.mark.parametrize("size", [(32, 32), (33, 501), (480, 37), (240, 320), (1280, 720), (719, 1281)])
def test_frames_of_any_size_and_shape_work(finder, astronaut_bgr, size):
    frame = cv2.resize(astronaut_bgr, size[::-1])
    for face in finder.find(frame):
        assert np.isfinite(face.box).all()
        assert cut_crop(frame, face).shape == (48, 48)


@pytest.mark.parametrize("scale", [0.5, 2.0, 4.0])
def test_the_frames_size_does_not_move_the_box(finder, astronaut_bgr, scale):
    frame = cv2.resize(astronaut_bgr, None, fx=scale, fy=scale)
    assert iou(tuple(value / scale for value in finder.find(frame)[0].box), ASTRONAUT_BOX) > 0.6


@pytest.mark.parametrize(
    ("frame", "came"),
    [
        (np.zeros((240, 320), np.uint8), r"got shape \(240, 320\), dtype uint8\. Convert with cv2\.cvtColor"),
        (np.zeros((240, 320, 4), np.uint8), r"got shape \(240, 320, 4\), dtype uint8"),
        (np.zeros((240, 320, 3), np.float32), r"got shape \(240, 320, 3\), dtype float32"),
        (np.zeros((31, 320, 3), np.uint8), r"got shape \(31, 320, 3\)"),
        ("picture.jpg", r"got str\."),
        (None, r"got NoneType\."),
    ],
)
def test_other_arrays_are_refused_with_a_reason(finder, frame, came):
    with pytest.raises(BadInput, match=r"Expected a frame \(H, W, 3\) uint8 BGR of at least 32×32 pixels, " + came):
        finder.find(frame)
    with pytest.raises(BadInput):
        FaceTracker(finder).track(frame, 0.0)


# ---------- decoding ----------


def maps_with(*peaks: tuple[int, int, float, float, float]) -> np.ndarray:
    """(15, 16, 20): faces at (row, column) with a logit, and width and height in pixels."""
    maps = np.zeros((15, 16, 20), np.float32)
    maps[0] = -8
    for row, column, logit, width, height in peaks:
        maps[0, row, column] = logit
        maps[3:5, row, column] = np.log([width / 32, height / 32])
    return maps


def test_maps_decode_to_boxes_in_pixels():
    (face,) = decode_maps(maps_with((3, 5, 4.0, 24, 40)), 0.5)
    assert face.box == pytest.approx((44 - 12, 28 - 20, 24, 40), abs=1e-4)
    assert face.score == pytest.approx(1 / (1 + np.exp(-4.0)), abs=1e-5)
    assert np.allclose(face.landmarks, (44, 28))


def test_of_two_boxes_on_one_face_the_better_is_kept():
    faces = decode_maps(maps_with((3, 5, 2.0, 32, 48), (3, 6, 3.0, 32, 48), (10, 15, 1.0, 32, 48)), 0.5)
    assert [round(face.score, 2) for face in faces] == [0.95, 0.73]


def test_scores_below_the_minimum_are_no_face():
    assert decode_maps(maps_with((3, 5, -0.1, 32, 48)), 0.5) == []


# ---------- cropping ----------


def test_the_crop_has_eyes_and_mouth_where_fer2013_has_them():
    # Dots where the landmarks are, on a tilted face: they must land on the crop's own places.
    angle = np.radians(25)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    places = np.float32([*CROP_EYES, (24, 28), *CROP_MOUTH])
    points = np.float32((places - 24) @ turn.T * 2.5 + (160, 120))
    frame = np.zeros((240, 320, 3), np.uint8)
    for x, y in points[[0, 1, 3, 4]]:
        cv2.circle(frame, (round(float(x)), round(float(y))), 4, (255, 255, 255), -1)
    crop = cut_crop(frame, Face(box=(100, 60, 120, 140), score=1.0, landmarks=points))
    for x, y in (*CROP_EYES, *CROP_MOUTH):
        assert crop[round(y), round(x)] > 200


@pytest.mark.parametrize("landmarks", [None, np.zeros((5, 2), np.float32), np.full((5, 2), 1e5, np.float32)])
@pytest.mark.parametrize("box", [(-60, -40, 120, 160), (300, 220, 90, 120), (-900, -900, 50, 70), (10, 10, 1, 1)])
def test_a_crop_is_cut_wherever_the_face_is_said_to_be(astronaut_bgr, box, landmarks):
    crop = cut_crop(astronaut_bgr, Face(box=box, score=1.0, landmarks=landmarks))
    assert crop.shape == (48, 48)
    assert crop.dtype == np.uint8


# ---------- tracking ----------


class Script:
    """A finder with scripted results for each full search and each window."""

    def __init__(self, *searches: list[tuple[float, float, float, float]], near: bool = True):
        self.searches = list(searches)
        self.near = near
        self.full = self.windows = 0

    def find(self, frame_bgr, known=()):
        boxes = self.searches[min(self.full, len(self.searches) - 1)]
        self.full += 1
        return [Face(box=box, score=0.9) for box in boxes]

    def find_near(self, frame_bgr, box):
        self.windows += 1
        return Face(box=box, score=0.8) if self.near else None


FRAME = np.zeros((240, 320, 3), np.uint8)
ONE, OTHER = (20.0, 20.0, 60.0, 80.0), (200.0, 40.0, 60.0, 80.0)


def test_between_full_searches_the_face_is_tracked_in_its_window():
    script = Script([ONE])
    tracker = FaceTracker(script)
    for i in range(20):
        tracker.track(FRAME, i / 10)
    assert script.full == pytest.approx(2 / FULL_SEARCH_S, abs=1)
    assert script.windows == 20 - script.full


def test_a_lost_face_is_searched_at_once():
    script = Script([ONE], [], near=False)
    tracker = FaceTracker(script)
    tracker.track(FRAME, 0.0)
    assert tracker.track(FRAME, 0.1) == []
    assert script.full == 2


def test_two_windows_that_meet_on_one_face_are_searched_again():
    script = Script([ONE, OTHER], [ONE])
    script.find_near = lambda frame_bgr, box: Face(box=ONE, score=0.8)
    tracker = FaceTracker(script)
    tracker.track(FRAME, 0.0)
    assert [face.box for face in tracker.track(FRAME, 0.1)] == [ONE]
    assert script.full == 2


def test_faces_keep_their_identity_while_they_are_in_view():
    tracker = FaceTracker(Script([ONE, OTHER], [OTHER, ONE], [ONE, OTHER, (100.0, 100.0, 40.0, 50.0)]))
    first = {face.box: face.id for face in tracker.track(FRAME, 0.0)}
    second = {face.box: face.id for face in tracker.track(FRAME, 1.0)}
    third = {face.box: face.id for face in tracker.track(FRAME, 2.0)}
    assert first == second
    assert third[ONE] == first[ONE]
    assert len(set(third.values())) == 3


def test_a_face_that_left_and_came_back_is_another():
    tracker = FaceTracker(Script([ONE], [], [ONE]))
    (first,) = tracker.track(FRAME, 0.0)
    assert tracker.track(FRAME, 1.0) == []
    (again,) = tracker.track(FRAME, 2.0)
    assert again.id != first.id


def test_the_box_on_a_still_face_hardly_jitters(finder, astronaut_bgr):
    chance = np.random.default_rng(0)
    tracker = FaceTracker(finder)
    boxes = []
    for i in range(40):
        noisy = np.clip(astronaut_bgr + chance.normal(0, 4, astronaut_bgr.shape), 0, 255).astype(np.uint8)
        boxes.append(tracker.track(noisy, i / 10)[0].box)
    steps = np.abs(np.diff(np.array(boxes[10:]), axis=0)).max(axis=1) / boxes[-1][3]
    assert np.median(steps) <= 0.01


def test_a_moving_face_is_tracked_without_lag(finder, astronaut_bgr):
    tracker = FaceTracker(finder)
    for i in range(12):
        move = np.float32([[1, 0, 8 * i], [0, 1, 0]])
        frame = cv2.warpAffine(astronaut_bgr, move, (320, 240), borderMode=cv2.BORDER_REPLICATE)
        faces = tracker.track(frame, i / 10)
        wanted = (ASTRONAUT_BOX[0] + 8 * i, *ASTRONAUT_BOX[1:])
        assert any(iou(face.box, wanted) > 0.55 for face in faces)


class Networks:
    """Stands in for both networks: counts windows, and finds a face of a given score in the middle of each picture."""

    def __init__(self, first: float, window: float):
        self.scores = {(128, 160): first, (96, 96): window}
        self.windows = 0

    def run(self, _outputs, inputs):
        height, width = inputs["pictures"].shape[2:]
        self.windows += height == 96
        maps = np.zeros((1, 15, height // 8, width // 8), np.float32)
        maps[0, 0] = -9
        score = self.scores[height, width]
        maps[0, :, height // 16, width // 16] = [np.log(score / (1 - score)), -0.5, -0.5, 0.4, 0.4, *[0] * 10]
        return (maps,)


def test_a_face_that_is_known_is_refined_once():
    networks = Networks(first=0.5, window=0.7)
    finder = FaceFinder(networks, networks)
    (new,) = finder.find(FRAME)
    assert networks.windows == 2
    (again,) = finder.find(FRAME, [new])
    assert networks.windows == 3
    assert iou(new.box, again.box) > 0.9


@pytest.mark.parametrize(("first", "windows"), [(0.89, 1), (0.2, 2)])
def test_the_mirrored_window_is_read_only_where_it_may_change_the_answer(first, windows):
    networks = Networks(first=first, window=0.9)
    (face,) = FaceFinder(networks, networks).find(FRAME)
    assert networks.windows == windows
    assert face.score >= 0.52


def test_a_known_face_must_still_look_like_one():
    doubtful = Networks(first=0.15, window=0.36)
    known = FaceFinder(*[Networks(first=0.7, window=0.8)] * 2).find(FRAME)
    assert FaceFinder(doubtful, doubtful).find(FRAME, known) == []


def test_a_face_beside_a_known_one_is_refined_by_itself():
    networks = Networks(first=0.7, window=0.8)
    finder = FaceFinder(networks, networks)
    (face,) = finder.find(FRAME)
    x, y, width, height = face.box
    beside = replace(face, box=(x + 0.6 * width, y, width, height))
    assert MIN_IOU < iou(face.box, beside.box) < SAME_FACE_IOU
    # In the known face's window the stand-in finds a face in the middle.
    (found,) = finder.find(FRAME, [beside])
    assert iou(found.box, face.box) > 0.9


@pytest.mark.parametrize("known", [False, True])
def test_a_window_score_of_one_does_no_harm(known):
    networks = Networks(first=0.7, window=np.nextafter(1.0, 0.0))  # comes out as 1 in float32
    finder = FaceFinder(networks, networks)
    (face,) = finder.find(FRAME)
    (face,) = finder.find(FRAME, [face] if known else [])
    assert 0.9 < face.score <= 1


def test_a_known_face_keeps_its_place_through_every_search(finder, astronaut_bgr):
    (face,) = finder.find(astronaut_bgr)
    (again,) = finder.find(astronaut_bgr, [face])
    assert iou(face.box, again.box) > 0.8
    assert again.score >= 0.5


# ---------- loading ----------


@pytest.mark.parametrize("damage", [b"", b"not a network", "short"])
def test_a_broken_network_is_named(monkeypatch, tmp_path, damage):
    from feelharmonic.reading.faces import face_finder as module

    path = tmp_path / "face_finder.onnx"
    path.write_bytes(module.WEIGHTS_PATH.read_bytes()[:5000] if damage == "short" else damage)
    monkeypatch.setattr(module, "WEIGHTS_PATH", path)
    with pytest.raises(SetupFault, match=r"face_finder\.onnx: the face finder's network cannot be read"):
        FaceFinder.load()
    monkeypatch.setattr(module, "REFINER_PATH", tmp_path / "face_look.onnx")
    with pytest.raises(SetupFault) as caught:
        FaceFinder.load()
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["face_finder.onnx", "face_look.onnx"]


def test_another_finders_missing_file_is_named():
    with pytest.raises(SetupFault, match="FACE_FINDER: expected 'own' or the path of a YuNet ONNX file, got 'nowhere'"):
        FaceFinder.load("nowhere")


def test_a_file_that_is_no_yunet_is_named(tmp_path):
    path = tmp_path / "yunet.onnx"
    path.write_bytes(b"something else")
    with pytest.raises(SetupFault, match="is not a YuNet file"):
        FaceFinder.load(str(path))


class YuNetStandIn:
    """Answers as OpenCV's FaceDetectorYN does: (status, rows of 15 numbers or None)."""

    def __init__(self, rows):
        self.rows = rows
        self.size = None

    def setInputSize(self, size):
        self.size = size

    def detect(self, frame_bgr):
        return 1, self.rows


def test_yunets_rows_become_faces_best_first():
    row = [10, 20, 30, 40, 17, 30, 33, 30, 25, 40, 18, 50, 32, 50]
    detector = YuNetStandIn(np.float32([[*row, 0.7], [*row, 0.9]]))
    faces = YuNetFinder(detector).find(FRAME)
    assert detector.size == (320, 240)
    assert [round(face.score, 2) for face in faces] == [0.9, 0.7]
    assert faces[0].box == (10, 20, 30, 40)
    assert faces[0].landmarks.tolist() == [[17, 30], [33, 30], [25, 40], [18, 50], [32, 50]]
    assert FaceTracker(YuNetFinder(detector)).track(FRAME, 0.0)[0].id == 1


def test_yunet_that_finds_nothing_gives_no_face():
    assert YuNetFinder(YuNetStandIn(None)).find(FRAME) == []

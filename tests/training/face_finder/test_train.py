"""The finder's training: scenes say truly where their faces are, what is learnt survives a kill and the export."""

from __future__ import annotations

import zipfile
from dataclasses import replace

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training's requirements are not installed: requirements-train.txt")
pytest.importorskip("tqdm", reason="training's requirements are not installed: requirements-train.txt")

from feelharmonic.reading.boxes import iou
from feelharmonic.reading.face_finder import decode_maps, prepare
from feelharmonic.reading.messages import Face
from training.face_finder import data as finder_data
from training.face_finder import train as finder_train
from training.face_finder.data import load_sources, split_of
from training.face_finder.export import export
from training.face_finder.labels import LFW_MEAN, UTKFACE_MEAN, agrees
from training.face_finder.network import INPUT_HEIGHT, INPUT_WIDTH, FinderNetwork
from training.face_finder.scenes import (
    HEIGHT,
    LEAST_IN_VIEW,
    MEAN_AXES,
    MEAN_CENTRE,
    MEAN_POINTS,
    WIDTH,
    Scene,
    SceneMaker,
    Source,
    box_of,
    ellipse_of,
    mirrored,
    share_in_view,
)
from training.face_finder.shards import Shard, packed
from training.face_finder.windows import windows

GREEN = (0, 255, 0)


def drawn(size: int, points: np.ndarray, *, tight: bool) -> Source:
    """A face of paper: a skin-coloured ellipse with dark eyes and mouth on grey noise."""
    picture = np.random.default_rng(size).integers(90, 140, (size, size, 3), dtype=np.uint8)
    centre, axes, turn = ellipse_of(points)
    box = ((*map(float, centre),), (*map(float, 2 * axes),), float(np.degrees(turn)))
    cv2.ellipse(picture, box, (120, 160, 220), -1)
    for x, y in points:
        cv2.circle(picture, (round(float(x)), round(float(y))), size // 30, (30, 30, 40), -1)
    return Source(picture=picture, points=points, tight=tight)


@pytest.fixture(scope="module")
def faces() -> list[Source]:
    return [drawn(250, LFW_MEAN, tight=False), drawn(200, UTKFACE_MEAN, tight=True)]


def makers(faces: list[Source], count: int) -> list[SceneMaker]:
    return [SceneMaker(faces, np.random.default_rng(seed)) for seed in range(count)]


# ---------- where a face is ----------


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    move = cv2.getRotationMatrix2D((float(MEAN_CENTRE[0]), float(MEAN_CENTRE[1])), -degrees, 1.0)
    return np.float32(cv2.transform(points[None], move)[0])


def test_the_mean_faces_box_is_lfws():
    # The figures: x 82-168, y 72-188 of 250 pixels.
    np.testing.assert_allclose(box_of(MEAN_POINTS), (82, 72, 86, 116), atol=2)


@pytest.mark.parametrize("degrees", [-40, -20, 0, 20, 40])
def test_the_box_goes_around_the_turned_ellipse(degrees):
    mask = np.zeros((250, 250), np.uint8)
    axes = tuple(float(2 * value) for value in MEAN_AXES)
    cv2.ellipse(mask, ((*map(float, MEAN_CENTRE),), axes, float(degrees)), 255, -1)
    np.testing.assert_allclose(box_of(turned(MEAN_POINTS, degrees)), cv2.boundingRect(mask), atol=3)


@pytest.mark.parametrize("degrees", [-40, -5, 30])
def test_a_faces_turn_is_read_from_its_landmarks(degrees):
    assert np.degrees(ellipse_of(turned(MEAN_POINTS, degrees))[2]) == pytest.approx(degrees, abs=1)


def test_a_mirror_keeps_left_on_the_left():
    points = MEAN_POINTS * 0.5
    seen = mirrored(points)
    assert seen[0, 0] < seen[1, 0]
    assert seen[3, 0] < seen[4, 0]
    np.testing.assert_allclose(mirrored(seen), points)


@pytest.mark.parametrize(
    ("box", "share"),
    [((10, 10, 40, 50), 1.0), ((-20, 0, 40, 50), 0.5), ((140, 95, 40, 50), 0.25), ((200, 0, 40, 50), 0.0)],
)
def test_how_much_of_a_box_is_in_view(box, share):
    assert share_in_view(np.float32(box)) == pytest.approx(share)


# ---------- labels ----------


def test_a_teacher_that_points_elsewhere_is_not_believed():
    assert agrees(LFW_MEAN + 5, LFW_MEAN, "lfw")
    assert not agrees(LFW_MEAN + 30, LFW_MEAN, "lfw")
    one_wrong = LFW_MEAN.copy()
    one_wrong[2] += 40
    assert not agrees(one_wrong, LFW_MEAN, "lfw")


def test_a_person_is_in_one_split_only():
    names = [f"Some_Body_{number:04d}.jpg" for number in range(1, 40)]
    assert len({split_of(name) for name in names}) == 1


def test_a_fifth_of_the_names_is_held_back():
    splits = [split_of(f"Name_{i}_0001.jpg") for i in range(4000)] + [split_of(f"{i}_1_2_x.jpg") for i in range(4000)]
    assert splits.count("test") / 8000 == pytest.approx(0.20, abs=0.02)
    assert splits.count("tune") / 8000 == pytest.approx(0.05, abs=0.01)


def test_photographs_with_bystanders_are_in_no_split(tmp_path, monkeypatch):
    alone, crowd = "Ann_Alone_0001.jpg", "Carl_Crowd_0001.jpg"
    picture = cv2.imencode(".jpg", np.zeros((250, 250, 3), np.uint8))[1].tobytes()
    for archive, names in (("lfw/lfw_deepfunneled_part.zip", (alone, crowd)), ("utkface/utkface_half.zip", ())):
        (tmp_path / archive).parent.mkdir()
        with zipfile.ZipFile(tmp_path / archive, "w") as archived:
            for name in names:
                archived.writestr(name, picture)
    listed = tmp_path / "crowded.txt"
    listed.write_text(f"{crowd}\n", encoding="utf-8")
    monkeypatch.setattr(finder_data, "CROWDED_PATH", listed)
    names = [name for split in ("train", "tune", "test") for name in load_sources(tmp_path, None, split)[1]]
    assert names == [alone]


# ---------- scenes ----------


def test_scenes_are_whole(faces):
    for maker in makers(faces, 60):
        scene = maker.scene()
        assert scene.picture.shape == (HEIGHT, WIDTH, 3)
        assert scene.picture.dtype == np.uint8
        assert len(scene.boxes) == len(scene.points) == len(scene.roll_deg)
        assert all(share_in_view(box) >= LEAST_IN_VIEW for box in scene.boxes)
        assert all(share_in_view(box) < LEAST_IN_VIEW for box in scene.unsure)


def test_the_same_chance_makes_the_same_scene(faces):
    one, other = (SceneMaker(faces, np.random.default_rng(7)).scene() for _ in range(2))
    assert (one.picture == other.picture).all()
    assert (one.points == other.points).all()


def test_the_face_is_where_the_scene_says(faces, monkeypatch):
    # A face of pure green, in the light that it has: what is green must fill the ellipse's box and little else.
    monkeypatch.setattr(SceneMaker, "_as_a_camera_sees", lambda self, picture: picture)
    monkeypatch.setattr(SceneMaker, "_cover", lambda self, picture, points: None)
    monkeypatch.setattr(SceneMaker, "_recoloured", lambda self, layer, picture, points: layer)
    monkeypatch.setattr(SceneMaker, "background", lambda self: np.full((HEIGHT, WIDTH, 3), 128, np.uint8))
    monkeypatch.setattr(SceneMaker, "_head_and_body", lambda self, picture, points: None)
    source = drawn(250, LFW_MEAN, tight=False)
    source.picture[:] = 128
    cv2.ellipse(source.picture, ((125, 130), (86, 116), 0), GREEN, -1)
    checked = 0
    for maker in makers([source], 60):
        scene = maker.scene(faceless=0.0, fixed=source)
        if len(scene.boxes) != 1 or share_in_view(scene.boxes[0]) < 1:
            continue
        green = np.uint8((scene.picture[..., 1] > 200) & (scene.picture[..., 0] < 60))
        assert iou(tuple(scene.boxes[0]), cv2.boundingRect(green)) > 0.7
        checked += 1
    assert checked > 20


def test_faceless_scenes_have_no_face(faces):
    for maker in makers(faces, 30):
        scene = maker.scene(faceless=1.0)
        assert len(scene.boxes) == len(scene.unsure) == 0


def test_rolls_stay_within_what_was_asked(faces):
    rolls = [roll for maker in makers(faces, 80) for roll in maker.scene(roll_deg=20, faceless=0).roll_deg]
    assert np.abs(rolls).max() <= 24  # a stretched face may turn a little more
    wide = [roll for maker in makers(faces, 80) for roll in maker.scene(roll_deg=40, faceless=0).roll_deg]
    assert np.abs(wide).max() > 30


# ---------- windows for the second look ----------


class Guessing:
    """A finder whose first look takes these boxes for faces."""

    def __init__(self, *guesses: tuple[tuple[float, float, float, float], float]):
        self._guesses = guesses

    def candidates(self, frame_bgr: np.ndarray, least_score: float) -> list[Face]:
        return [Face(box=box, score=score) for box, score in self._guesses if score >= least_score]


def scene_of(*boxes: tuple[float, float, float, float]) -> Scene:
    picture = np.zeros((240, 320, 3), np.uint8)
    points = []
    for x, y, width, height in boxes:
        cv2.rectangle(picture, (int(x), int(y)), (int(x + width), int(y + height)), GREEN, -1)
        places = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.6))
        points.append([(x + width * across, y + height * down) for across, down in places])
    landmarks = np.float32([[*three, three[0], three[1]] for three in points]).reshape(-1, 5, 2)
    return Scene(
        picture=picture,
        boxes=np.float32(boxes).reshape(-1, 4),
        points=landmarks,
        roll_deg=np.zeros(len(boxes), np.float32),
        unsure=np.zeros((0, 4), np.float32),
    )


def test_a_window_shows_its_face_where_its_label_says():
    box = (100.0, 80.0, 60.0, 80.0)
    made = list(windows(Guessing((box, 0.5)), scene_of(box), np.random.default_rng(0)))
    assert made
    for picture, boxes, points, unsure in made:
        assert picture.shape == (96, 96, 3)
        (x, y, width, height) = cv2.boundingRect(np.uint8(picture[:, :, 1] > 127))
        np.testing.assert_allclose(boxes, [(x, y, width, height)], atol=2)
        assert height == pytest.approx(48, rel=0.3)
        np.testing.assert_allclose(points[0, 0], (x + 0.3 * width, y + 0.4 * height), atol=2)
        assert not len(unsure)


def test_windows_are_cut_around_what_is_doubtful_and_seldom_around_what_is_sure():
    box, empty = (100.0, 80.0, 60.0, 80.0), (200.0, 20.0, 40.0, 50.0)
    chance = np.random.default_rng(0)
    doubtful = [len(list(windows(Guessing((empty, 0.3)), scene_of(), chance))) for _ in range(20)]
    sure = [len(list(windows(Guessing((box, 0.99)), scene_of(box), chance))) for _ in range(20)]
    assert min(doubtful) > 0
    assert 0 in sure
    assert not any(len(boxes) for _, boxes, *_ in windows(Guessing((empty, 0.3)), scene_of(), chance))


def test_a_face_mostly_outside_of_a_window_is_held_against_nobody():
    far = (10.0, 80.0, 60.0, 80.0)
    guess = Guessing(((100.0, 80.0, 60.0, 80.0), 0.5))
    (_, boxes, _, unsure), *_ = windows(guess, scene_of(far), np.random.default_rng(0))
    assert (len(boxes), len(unsure)) == (0, 1)


# ---------- learning ----------


@pytest.fixture
def shards(faces, tmp_path, monkeypatch):
    """A folder with two shards of sixteen scenes, and batches of eight."""
    monkeypatch.setattr(finder_train, "BATCH", 8)
    (tmp_path / "shards").mkdir()
    for number in range(2):
        maker = SceneMaker(faces, np.random.default_rng(number))
        packed([maker.scene() for _ in range(16)]).save(tmp_path / "shards" / f"{number}.npz")
    return tmp_path


def tensors(*boxes: tuple[float, float, float, float]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Boxes, landmarks (all in the boxes' middle), no unsure ones: one scene."""
    there = torch.zeros(1, 4, 4)
    points = torch.zeros(1, 4, 5, 2)
    for i, box in enumerate(boxes):
        there[0, i] = torch.tensor(box)
        points[0, i] = there[0, i, :2] + there[0, i, 2:] / 2
    return there, points, torch.zeros(1, 4, 4)


def perfect_maps(wanted: dict[str, torch.Tensor]) -> torch.Tensor:
    """(1, 15, 16, 20): what a network that knows everything would say."""
    cells = finder_train.cell_centres(16, 20)
    centre = wanted["box"][..., :2] + wanted["box"][..., 2:] / 2
    size = wanted["box"][..., 2:].clamp(min=1e-3)
    offset = (centre - cells) / finder_train.STRIDE
    points = (wanted["points"] - centre[..., None, :]) / size[..., None, :]
    logit = torch.where(wanted["heat"] > 0.99, 12.0, -12.0)[..., None]
    log_size = torch.log(size / finder_train.SIZE_UNIT)
    return torch.cat([logit, offset, log_size, points.flatten(-2)], dim=-1).permute(0, 3, 1, 2)


def test_what_training_wants_is_what_face_py_decodes():
    boxes = [(20.0, 30.0, 30.0, 40.0), (100.0, 60.0, 50.0, 60.0)]
    maps = perfect_maps(finder_train.targets(*tensors(*boxes)))
    found = sorted(face.box for face in decode_maps(maps[0].numpy(), 0.5))
    assert len(found) == 2
    for face, box in zip(found, boxes, strict=True):
        assert face == pytest.approx(box, abs=0.01)


def test_a_network_that_knows_everything_has_hardly_any_loss():
    wanted = finder_train.targets(*tensors((20.0, 30.0, 30.0, 40.0)))
    perfect, _ = finder_train.loss_of(perfect_maps(wanted), wanted)
    blind, _ = finder_train.loss_of(torch.zeros(1, 15, 16, 20), wanted)
    assert float(perfect) < 0.01 < float(blind)


def test_a_scene_without_a_face_wants_nothing_of_the_boxes():
    wanted = finder_train.targets(*tensors())
    assert float(wanted["heat"].max()) == 0
    _, parts = finder_train.loss_of(torch.full((1, 15, 16, 20), -12.0), wanted)
    assert parts == pytest.approx({"focal": 0, "box": 0, "l1": 0, "points": 0}, abs=1e-4)


def test_faces_mostly_out_of_view_are_not_held_against_the_network():
    boxes, points, unsure = tensors()
    unsure[0, 0] = torch.tensor([100.0, 60.0, 60.0, 60.0])
    wanted = finder_train.targets(boxes, points, unsure)
    maps = torch.full((1, 15, 16, 20), -12.0)
    maps[0, 0, 10, 15] = 9.0  # an alarm in the middle of the unsure face
    _, parts = finder_train.loss_of(maps, wanted)
    assert parts["focal"] == pytest.approx(0, abs=1e-4)


def test_a_mirrored_scene_takes_its_face_along():
    boxes, points, unsure = tensors((20.0, 30.0, 30.0, 40.0))
    chance = np.random.default_rng(3)
    pictures = torch.zeros(64, 3, HEIGHT, WIDTH)
    pictures[:, :, 40:60, 25:45] = 1.0  # a square in the box's middle
    seen, boxes, points, _ = finder_train.mirrored_half(
        pictures, *(item.repeat(64, *[1] * (item.ndim - 1)) for item in (boxes, points, unsure)), chance
    )
    assert seen.shape == (64, 3, INPUT_HEIGHT, INPUT_WIDTH)
    places = set()
    for picture, box, landmarks in zip(seen, boxes, points, strict=True):
        x, y, width, height = box[0].tolist()
        bright = np.argwhere(picture[0].numpy() > 0.5)
        assert bright.mean(axis=0) == pytest.approx((y + height / 2, x + width / 2), abs=1)
        assert landmarks[0, 2].tolist() == pytest.approx((x + width / 2, y + height / 2), abs=1)
        places.add(x)
    assert len(places) == 2


def test_a_scene_whose_face_is_moved_to_the_middle_takes_its_labels_along(monkeypatch):
    monkeypatch.setattr(finder_train, "MIDDLED_SHARE", 1.0)
    boxes, points, unsure = tensors((10.0, 20.0, 30.0, 40.0))
    unsure[0, 0] = torch.tensor([60.0, 90.0, 20.0, 20.0])
    pictures = torch.zeros(1, 3, INPUT_HEIGHT, INPUT_WIDTH)
    pictures[:, :, 30:50, 15:35] = 1.0  # a square in the box's middle
    finder_train.middle_some(pictures, boxes, points, unsure, np.random.default_rng(3))
    x, y, width, height = boxes[0, 0].tolist()
    assert (width, height) == (30, 40)
    assert 10 < x <= 65
    assert 20 < y <= 44
    bright = np.argwhere(pictures[0, 0].numpy() > 0.5)
    assert len(bright) == 400
    assert bright.mean(axis=0) == pytest.approx((y + height / 2, x + width / 2), abs=1)
    assert points[0, 0, 2].tolist() == pytest.approx((x + width / 2, y + height / 2), abs=1)
    assert unsure[0, 0].tolist() == pytest.approx((x + 50, y + 70, 20, 20))
    assert boxes[0, 1:].abs().max() == 0


def test_a_scene_is_not_moved_when_another_face_would_leave(monkeypatch):
    monkeypatch.setattr(finder_train, "MIDDLED_SHARE", 1.0)
    boxes, points, unsure = tensors((0.0, 50.0, 20.0, 30.0), (140.0, 50.0, 20.0, 30.0))
    before = boxes.clone()
    pictures = torch.rand(1, 3, INPUT_HEIGHT, INPUT_WIDTH)
    finder_train.middle_some(pictures, boxes, points, unsure, np.random.default_rng(3))
    assert torch.equal(boxes, before)


def test_training_goes_on_after_a_kill_as_if_nothing_had_happened(shards, tmp_path_factory, monkeypatch):
    whole = tmp_path_factory.mktemp("whole")
    (whole / "shards").symlink_to(shards / "shards")
    torch.manual_seed(0)
    finder_train.train(whole, 32, "cpu", 1)

    kept_log = finder_train.log

    def killed(path, row):
        raise KeyboardInterrupt

    torch.manual_seed(0)
    monkeypatch.setattr(finder_train, "log", killed)
    with pytest.raises(KeyboardInterrupt):
        finder_train.train(shards, 32, "cpu", 1)
    monkeypatch.setattr(finder_train, "log", kept_log)
    torch.manual_seed(1)  # the weights must come from the checkpoint
    finder_train.train(shards, 32, "cpu", 1)

    one, other = (torch.load(folder / "checkpoint.pt") for folder in (whole, shards))
    assert one["done"] == other["done"] == 32
    for name, value in one["kept"].items():
        torch.testing.assert_close(value, other["kept"][name], msg=name)


def test_the_second_look_begins_with_the_first_and_learns_from_windows(shards):
    finder_train.train(shards, 32, "cpu", 1)
    first = torch.load(shards / "checkpoint.pt")["kept"]
    (shards / "windows").mkdir()
    chance, shard = np.random.default_rng(0), Shard()
    box = (100.0, 80.0, 60.0, 80.0)
    while len(shard) < 16:
        for window in windows(Guessing((box, 0.5), ((200.0, 20.0, 40.0, 50.0), 0.3)), scene_of(box), chance):
            shard.add(*window)
    shard.save(shards / "windows" / "0.npz")
    finder_train.train(shards, 0, "cpu", 1, finder_train.SECOND_LOOK)
    assert not (shards / "second_look.pt").exists()
    finder_train.train(shards, 320, "cpu", 1, finder_train.SECOND_LOOK)
    losses = [float(line.split(",")[1]) for line in (shards / "second_look.csv").read_text().splitlines()[1:]]
    assert np.mean(losses[-4:]) < 0.5 * np.mean(losses[:2])
    second = torch.load(shards / "second_look.pt")["kept"]
    assert {name for name in first if not torch.equal(first[name], second[name])}
    for name, value in torch.load(shards / "checkpoint.pt")["kept"].items():
        torch.testing.assert_close(value, first[name], msg=name)


def test_scenes_may_be_made_as_large_as_frames_arrive(faces):
    for seed in range(12):
        scene = SceneMaker(faces, np.random.default_rng(seed), 320).scene()
        assert scene.picture.shape == (240, 320, 3)
        assert all(share_in_view(box, (320, 240)) >= LEAST_IN_VIEW for box in scene.boxes)


def test_training_learns_a_scene_by_heart(shards):
    torch.manual_seed(0)
    finder_train.train(shards, 320, "cpu", 1, replace(finder_train.FIRST_LOOK, rate=2e-3))
    losses = [float(line.split(",")[1]) for line in (shards / "log.csv").read_text().splitlines()[1:]]
    assert len(losses) == 20
    assert np.mean(losses[-4:]) < 0.5 * np.mean(losses[:2])


# ---------- export ----------


def test_the_exported_network_says_what_torch_says(faces, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx", reason="training's requirements are not installed: requirements-train.txt")
    torch.manual_seed(0)
    network = FinderNetwork()
    for module in network.modules():  # batch norms that do something
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 1.5)
    network.eval()
    picture = np.pad(SceneMaker(faces, np.random.default_rng(0)).scene().picture, ((4, 4), (0, 0), (0, 0)))
    inputs = {(INPUT_HEIGHT, INPUT_WIDTH): prepare(picture), (96, 96): prepare(picture[:96, :96])}
    with torch.no_grad():
        wanted = {size: network(torch.from_numpy(array)).numpy() for size, array in inputs.items()}
    path = tmp_path / "face_finder.onnx"
    export(network, path)
    assert path.stat().st_size < 200_000  # two of them are served
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for size, array in inputs.items():
        (maps,) = session.run(None, {"pictures": array})
        assert maps.shape == (1, 15, size[0] // 8, size[1] // 8)
        np.testing.assert_allclose(maps, wanted[size], atol=0.05)

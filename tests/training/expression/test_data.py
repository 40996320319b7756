"""The data folder: labels land on their faces, copies stay out, what is missing or broken is named; its evaluation."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training's tests need requirements-train.txt")
pytest.importorskip("onnx", reason="training's tests need requirements-train.txt")

from feelharmonic.emotions import EMOTIONS
from tests.support.fer2013_files import LABELS, PER_SHEET, pictures, write_fer
from training.corruptions import CORRUPTIONS
from training.data_dir import data_dir
from training.expression import data, distill, evaluate, int8, plots
from training.expression.card import PEER_PATH, peer_corruptions, read_peer
from training.expression.data import COLUMNS, FER2013, FERPLUS, OTHER_VOTES, VOTES, DataMissing, Faces, load_fer, votes
from training.expression.distill import Lessons, read_lessons, unlabelled_faces, write_lessons
from training.expression.export import as_onnx, export, write
from training.expression.network import SHAPES, ExpressionNetwork
from training.expression.train import load_training_faces
from training.expression.utkface import ARCHIVE, load_utkface


def cut(picture: np.ndarray, down: int = 0, right: int = 0) -> np.ndarray:
    """(48, 48) uint8 out of the middle of a larger picture, some pixels aside."""
    return picture[8 + down : 56 + down, 8 + right : 56 + right]


@pytest.fixture(autouse=True)
def small_sheets(monkeypatch):
    monkeypatch.setattr(data, "FACES_PER_SHEET", PER_SHEET)


@pytest.fixture
def crops() -> np.ndarray:
    return pictures(len(LABELS), side=48)


@pytest.fixture
def folder(tmp_path, crops) -> Path:
    return write_fer(tmp_path / "sets", crops)


def share(**shares: float) -> list[float]:
    return [shares.get(name, 0.0) for name in VOTES]


def test_labels_and_shares_land_on_their_faces(folder, crops):
    train, valid = load_fer(folder, "train"), load_fer(folder, "valid")
    np.testing.assert_array_equal(train.crops, crops[[0, 2, 3, 5]])
    np.testing.assert_array_equal(valid.crops, crops[[1, 4]])
    assert [EMOTIONS[i] for i in train.targets[:, FER2013].argmax(1)] == ["angry", "disgust", "neutral", "surprise"]
    assert [EMOTIONS[i] for i in valid.targets[:, FER2013].argmax(1)] == ["happy", "sad"]
    np.testing.assert_allclose(
        train.targets[:, FERPLUS],
        [share(anger=0.75, neutral=0.25), share(disgust=1), share(), share(surprise=0.5, fear=0.5)],
    )
    np.testing.assert_allclose(valid.targets[:, FERPLUS], [share(happiness=1), share(sadness=1)])
    assert train.weights.tolist() == [1] * 4


def test_votes_are_in_the_order_of_the_emotions_and_the_others_last(folder):
    names = VOTES + OTHER_VOTES
    expected = np.zeros((2, 10), int)
    expected[0, names.index("happiness")] = 10
    expected[1, [names.index("sadness"), names.index("unknown")]] = 2, 6
    np.testing.assert_array_equal(votes(folder, "valid"), expected)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("3,train,neutral" + ",two" + ",0" * 9, r"expected a whole number in 'votes_\w+', got 'two' for face 3\. Copy"),
        ("3,train,neutral" + ",-1" + ",0" * 9, "got '-1' for face 3"),
        ("3.0,train,neutral" + ",0" * 10, "expected a whole number in 'i', got '3.0'"),
        ("3,train,bored" + ",0" * 10, "expected one of angry.* in 'fer2013', got 'bored' for face 3"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named(folder, line, expected):
    path = folder / "fer" / "labels.csv"
    lines = path.read_text().splitlines()
    lines[4] = line
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataMissing, match=expected):
        load_fer(folder, "train")


def test_a_split_that_is_none_is_refused(folder):
    with pytest.raises(ValueError, match="Expected a split out of train, valid, got 'test'"):
        load_fer(folder, "test")


def test_a_missing_sheet_is_named(folder):
    (folder / "fer" / "sheet_00.png").unlink()
    with pytest.raises(DataMissing, match=r"expected 2 sheets for 6 faces.*got none named sheet_00\.png.*Copy them"):
        load_fer(folder, "train")


def test_a_missing_last_sheet_is_named(folder):
    (folder / "fer" / "sheet_01.png").unlink()
    with pytest.raises(DataMissing, match=r"got none named sheet_01\.png"):
        load_fer(folder, "train")


def test_a_sheet_of_too_few_faces_is_named(folder):
    cv2.imwrite(str(folder / "fer" / "sheet_00.png"), np.zeros((48, 96), np.uint8))
    with pytest.raises(DataMissing, match=r"sheet_00\.png: expected 4 faces, got 2"):
        load_fer(folder, "valid")


@pytest.mark.parametrize("picture", [b"no picture", cv2.imencode(".png", np.zeros((40, 96), np.uint8))[1].tobytes()])
def test_a_sheet_that_is_no_picture_of_faces_is_named(folder, picture):
    (folder / "fer" / "sheet_01.png").write_bytes(picture)
    with pytest.raises(DataMissing, match=r"sheet_01\.png: expected a picture of 48×48 faces"):
        load_fer(folder, "valid")


HEADER = ",".join(COLUMNS) + "\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected the columns i, split, fer2013, .*got none named i, split"),
        ("i,split\n0,train\n", "got none named fer2013, votes_anger"),
        (HEADER, "expected faces of train and valid, got 0 rows and none of train"),
        (HEADER + "0,train,angry" + ",1" * 10, "got 1 rows and none of valid"),
        (HEADER + "0,train,angry" + ",1" * 10 + "\n1,valid,ha", "got fewer for face 1"),
    ],
)
@pytest.mark.parametrize("read", [load_fer, votes])
def test_a_table_that_lacks_something_says_what(folder, text, said, read):
    (folder / "fer" / "labels.csv").write_text(text)
    with pytest.raises(DataMissing, match=said):
        read(folder, "train")


def test_an_absent_table_is_named(tmp_path):
    with pytest.raises(DataMissing, match=r"labels\.csv is missing: FER2013"):
        load_fer(tmp_path, "train")


def test_the_data_folder_is_the_one_given_else_the_environments_else_dotenvs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATA_DIR", raising=False)
    for name in ("given", "environment", "file", "data"):
        (tmp_path / name).mkdir()
    assert data_dir() == Path("data")
    (tmp_path / ".env").write_text("DATA_DIR=file\n")
    assert data_dir() == Path("file")
    monkeypatch.setenv("DATA_DIR", "environment")
    assert data_dir() == Path("environment")
    assert data_dir(Path("given")) == Path("given")


def test_an_absent_data_folder_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", "nowhere")
    with pytest.raises(SystemExit, match="Expected the data sets in nowhere, which is not there"):
        data_dir()


def test_a_slip_in_dotenv_is_told_and_the_servers_variables_are_not_minded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", ".")
    monkeypatch.setenv("PORT", "tcp://10.0.0.1:80")
    assert data_dir() == Path(".")
    (tmp_path / ".env").write_text("DATADIR=file\n")
    with pytest.raises(SystemExit, match="Did you mean 'DATA_DIR'"):
        data_dir()


ASIDE = [(0, 0), (2, 0), (0, -3), (-2, 3), (3, 3), (4, -4)]


def faces_of(crops: np.ndarray) -> Faces:
    count = len(crops)
    return Faces(crops=crops, targets=np.zeros((count, 2, 7), np.float32), weights=np.arange(count, dtype=np.float32))


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize(("down", "right"), ASIDE)
def test_copies_are_found_though_shifted_mirrored_or_lit(down, right, mirrored):
    whole = pictures(5)
    faces = faces_of(np.stack([cut(one) for one in whole]))
    copy = np.uint8(cut(whole[3], down, right) * 0.6 + 20)
    if mirrored:
        copy = copy[:, ::-1]
    kept = data.without_duplicates(faces, np.stack([pictures(1, seed=9, side=48)[0], copy]))
    assert kept.weights.tolist() == [0, 1, 2, 4]


@pytest.mark.parametrize("scale", [0.9, 0.93, 1.07, 1.1])
def test_copies_are_found_though_scaled(scale):
    whole = pictures(5)
    move = np.array([[scale, 0, 32 * (1 - scale)], [0, scale, 32 * (1 - scale)]])
    copy = cut(cv2.warpAffine(whole[3], move, (64, 64), borderMode=cv2.BORDER_REPLICATE))
    kept = data.without_duplicates(faces_of(np.stack([cut(one) for one in whole])), copy[None])
    assert kept.weights.tolist() == [0, 1, 2, 4]


def test_copies_with_another_edge_are_found():
    one, other = pictures(2, side=48)
    copy = other.copy()
    copy[4:44, 4:44] = one[4:44, 4:44]
    assert not len(data.without_duplicates(faces_of(one[None]), copy[None]))


def test_copies_with_other_middles_are_found_by_the_whole():
    (one,) = pictures(1, side=48)
    one[:4] = one[-4:] = 0
    one[4:-4] = one[4:-4] // 8 + 110
    copy = one.copy()
    copy[20:28, 20:28] = 140
    copy[12:20, 30:38] = 90
    assert not len(data.without_duplicates(faces_of(one[None]), copy[None]))


def test_other_photographs_are_no_copies():
    faces = faces_of(pictures(30, side=48))
    assert len(data.without_duplicates(faces, pictures(30, seed=1, side=48))) == 30
    assert len(data.without_duplicates(faces, faces.crops[:0])) == 30
    assert len(data.without_duplicates(faces.take(np.arange(0)), faces.crops)) == 0


@pytest.fixture
def crossing(tmp_path) -> tuple[Path, np.ndarray]:
    """A data folder whose faces 0 and 5 (train) are shifted and mirrored copies of 1 and 4 (valid); all faces."""
    whole = pictures(len(LABELS))
    crops = np.stack([cut(one) for one in whole])
    crops[1], crops[4] = cut(whole[0], 3, -2), cut(whole[5])[:, ::-1]
    return write_fer(tmp_path / "sets", crops), crops


def test_training_leaves_out_what_crosses_over_to_valid(crossing):
    folder, crops = crossing
    faces, check = load_training_faces(folder)
    np.testing.assert_array_equal(faces.crops, crops[[2, 3]])
    assert [EMOTIONS[i] for i in faces.targets[:, FER2013].argmax(1)] == ["disgust", "neutral"]
    np.testing.assert_array_equal(check.crops, crops[[1, 4]])
    assert [EMOTIONS[i] for i in check.label] == ["happy", "sad"]
    assert check.majority.tolist() == [EMOTIONS.index("happy"), -1]


def test_eight_bits_learn_their_ranges_without_what_crosses_over(crossing, tmp_path, monkeypatch):
    folder, crops = crossing
    shown = []
    monkeypatch.setattr(int8, "CALIBRATION_FACES", 2)

    def watched(_network, faces):
        shown.extend(faces)
        raise KeyboardInterrupt

    monkeypatch.setattr(int8, "quantised", watched)
    with pytest.raises(KeyboardInterrupt):
        int8.try_int8(ExpressionNetwork(SHAPES["tiny"]), tmp_path / "net.onnx", folder, {})
    assert sorted(one.tobytes() for one in shown) == sorted(one.tobytes() for one in crops[[2, 3]])


LESSONS = Lessons(labelled=np.full((5, 2, 7), 0.25, np.float32), unlabelled=np.zeros((2, 2, 7), np.float32))


def killed(*_args, **_named):
    raise KeyboardInterrupt


def test_lessons_are_read_as_they_were_written(tmp_path):
    write_lessons(tmp_path / "new" / "lessons.npz", LESSONS)
    read = read_lessons(tmp_path / "new" / "lessons.npz")
    np.testing.assert_array_equal(read.labelled, LESSONS.labelled)
    np.testing.assert_array_equal(read.unlabelled, LESSONS.unlabelled)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["lessons.npz"]


def test_a_kill_while_lessons_are_written_leaves_none_of_them(tmp_path, monkeypatch):
    def half_written(file, **_arrays):
        file.write(b"PK") if hasattr(file, "write") else Path(file).write_bytes(b"PK")
        raise KeyboardInterrupt

    monkeypatch.setattr(distill.np, "savez_compressed", half_written)
    with pytest.raises(KeyboardInterrupt):
        write_lessons(tmp_path / "lessons.npz", LESSONS)
    assert not (tmp_path / "lessons.npz").exists()


@pytest.mark.parametrize("left", [0, 0.3, 0.9])
def test_half_written_lessons_are_refused(tmp_path, left):
    path = tmp_path / "lessons.npz"
    write_lessons(path, LESSONS)
    written = path.read_bytes()
    path.write_bytes(written[: int(len(written) * left)])
    with pytest.raises(SystemExit, match="Expected a file of training"):
        read_lessons(path)


def test_an_array_by_itself_is_refused(tmp_path):
    np.save(tmp_path / "lessons.npy", np.zeros((3, 2, 7)))
    with pytest.raises(SystemExit, match="Expected a file of training"):
        read_lessons(tmp_path / "lessons.npy")


def test_lessons_with_damage_inside_are_refused(tmp_path):
    path = tmp_path / "lessons.npz"
    write_lessons(path, LESSONS)
    written = bytearray(path.read_bytes())
    written[60:75] = bytes(15)
    path.write_bytes(written)
    with pytest.raises(SystemExit, match="Expected a file of training"):
        read_lessons(path)


def test_a_kill_while_a_network_is_written_leaves_the_one_before(tmp_path, monkeypatch):
    path = tmp_path / "net.onnx"
    model = as_onnx(ExpressionNetwork(SHAPES["tiny"]))
    write(model, path, {"epochs": "1"})
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("training.expression.export.os.replace", killed)
        with pytest.raises(KeyboardInterrupt):
            write(model, path, {"epochs": "2"})
    assert path.read_bytes() == before
    write(model, path, {"epochs": "2"})
    assert path.read_bytes() != before
    assert list(tmp_path.iterdir()) == [path]


def write_utkface(folder: Path, names: list[str], picture: np.ndarray | None = None) -> Path:
    """A made-up UTKFace in ``folder``; every picture is the same."""
    slope = np.tile(np.linspace(0, 200, 200, dtype=np.uint8), (200, 1)) if picture is None else picture
    (folder / ARCHIVE).parent.mkdir(parents=True)
    with zipfile.ZipFile(folder / ARCHIVE, "w") as archive:
        for name in names:
            archive.writestr(name, cv2.imencode(".jpg", slope)[1].tobytes())
    return folder


def test_ages_and_groups_are_those_that_the_names_tell(tmp_path):
    told = ["half/26_1_3_20170104.jpg", "half/101_0_4_2017.jpg"]
    untold = ["half/61_1_20170109.jpg", "half/24_2_1_2017.jpg", "half/24_0_5_2017.jpg", "half/a_0_0_2017.jpg", "half/"]
    people = load_utkface(write_utkface(tmp_path, told + untold))
    assert people.age.tolist() == [101, 26]
    assert people.gender.tolist() == [0, 1]
    assert people.group.tolist() == [4, 3]
    assert people.crops.shape == (2, 48, 48)
    assert (np.diff(people.crops[0, 24].astype(int)) >= 0).all()
    assert people.crops[0, 24, 40] - people.crops[0, 24, 8] == pytest.approx(32 / 0.222, abs=6)


def test_the_eyes_and_mouth_of_utkface_lie_where_fer2013s_do(tmp_path):
    picture = np.zeros((200, 200), np.uint8)
    cv2.circle(picture, (100, 98), 6, 255, -1)
    crop = load_utkface(write_utkface(tmp_path, ["26_1_3_2017.jpg"], picture)).crops[0].astype(float)
    rows, columns = np.mgrid[:48, :48]
    assert (columns * crop).sum() / crop.sum() == pytest.approx(23.8 - 0.5 + 0.222 / 2, abs=0.3)
    assert (rows * crop).sum() / crop.sum() == pytest.approx(27.8 - 0.5 + 0.222 / 2, abs=0.3)


def test_an_absent_utkface_is_named_and_teaches_nothing(tmp_path):
    with pytest.raises(DataMissing, match=r"utkface_half\.zip is missing"):
        load_utkface(tmp_path)
    assert unlabelled_faces(tmp_path).shape == (0, 48, 48)


def test_a_cut_utkface_is_named(tmp_path):
    write_utkface(tmp_path, ["26_1_3_2017.jpg"])
    path = tmp_path / ARCHIVE
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(DataMissing, match=r"utkface_half\.zip: expected a ZIP archive of JPEGs, got a broken one"):
        load_utkface(tmp_path)


@pytest.mark.parametrize("content", [b"", b"no picture"])
def test_a_utkface_of_broken_pictures_is_named(tmp_path, content):
    path = tmp_path / ARCHIVE
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("26_1_3_2017.jpg", content)
    with pytest.raises(DataMissing, match="got a broken one"):
        load_utkface(tmp_path)


def test_a_utkface_without_telling_names_is_named(tmp_path):
    with pytest.raises(DataMissing, match=r"expected pictures named age_gender_group_date\.jpg, got none"):
        load_utkface(write_utkface(tmp_path, ["face.jpg"]))


@pytest.fixture
def measured(tmp_path) -> tuple[Path, Path]:
    """A data folder of twelve faces of valid, all but the last two with a majority, and an untrained network."""
    chosen = [("valid", EMOTIONS[i % 7], {VOTES[(i + 1) % 7]: 6, VOTES[i % 7]: 4}) for i in range(10)]
    labels = (*chosen, ("valid", "sad", {"contempt": 9}), ("train", "sad", {"sadness": 9}), ("valid", "fear", {}))
    torch.manual_seed(0)
    export(ExpressionNetwork(SHAPES["tiny"]), tmp_path / "net.onnx")
    return write_fer(tmp_path / "sets", pictures(13, side=48), labels), tmp_path / "net.onnx"


def test_evaluation_goes_by_the_majority_and_by_the_label(measured):
    labels = evaluate.valid_labels(measured[0], load_fer(measured[0], "valid"))
    assert labels["ferplus"].tolist() == [1, 2, 3, 4, 5, 6, 0, 1, 2, 3, -1, -1]
    assert labels["fer2013"].tolist() == [*range(7), 0, 1, 2, EMOTIONS.index("sad"), EMOTIONS.index("fear")]


def run(monkeypatch, *words: object) -> None:
    monkeypatch.setattr(sys, "argv", ["evaluate", *map(str, words)])
    evaluate.main()


def test_evaluating_tells_the_figures_and_draws_the_cards_plots(measured, monkeypatch, capsys):
    folder, network = measured
    write_utkface(folder, ["26_1_3_2017.jpg", "70_1_0_2017.jpg"])
    drawn = []
    monkeypatch.setattr(plots, "draw", lambda *told: drawn.append(told))
    run(monkeypatch, "--data", folder, "--network", network, "--json")
    figures = json.loads(capsys.readouterr().out)
    assert figures["faces"] == 12
    assert figures["bytes"] == network.stat().st_size
    assert [np.sum(figures["heads"][head]["confusion"]) for head in ("ferplus", "fer2013")] == [10, 12]
    assert sum(figures["reliability"]["count"]) == 10
    assert list(figures["groups"]) == ["White (1)", "Indian (1)", "20–39 years (1)", "60+ years (1)"]
    ((told, where, peer),) = drawn
    assert told["heads"] == figures["heads"]
    assert where == network.parent / "plots"
    assert peer == peer_corruptions(figures, read_peer(PEER_PATH))
    assert set(peer) == {"none", *CORRUPTIONS}


def test_evaluating_draws_where_it_is_told(measured, monkeypatch, capsys, tmp_path):
    folder, network = measured
    (tmp_path / "log.jsonl").write_text('{"epoch": 1, "loss": 2.0}\n')
    run(monkeypatch, "--data", folder, "--network", network, "--plots", tmp_path / "here", "--run", tmp_path)
    names = {path.stem.removeprefix("expression_") for path in (tmp_path / "here").iterdir()}
    assert names == {"confusion", "reliability", "corruptions", "training"}
    assert "on 12 faces of valid" in capsys.readouterr().out


def test_copies_are_told_apart(tmp_path):
    """Faces 0 and 1 have copies, 2 and 3 none; a reader who is right about the copies alone."""
    crops = pictures(4, side=48)
    targets = np.eye(7, dtype=np.float32)[[[0, 0], [1, 1], [2, 2], [3, 3]]]
    faces = Faces(crops=crops, targets=targets, weights=np.ones(4, np.float32))

    class ByHeart:
        def read_crops(self, seen: np.ndarray, labels: str) -> np.ndarray:
            known = [int(np.abs(crops.astype(int) - one).sum((1, 2)).argmin()) for one in seen]
            return np.eye(7, dtype=np.float32)[[i if i < 2 else 6 for i in known]]

    labels = {"ferplus": np.array([0, -1, 2, -1]), "fer2013": np.arange(4)}
    found = evaluate.copies(ByHeart(), faces, labels, crops[:2, :, ::-1])
    assert found == {"faces": 2, "ferplus": {"copied": 1, "rest": 0}, "fer2013": {"copied": 1, "rest": 0}}
    told = evaluate.tell_copies({"faces": 4, "copies": found})
    assert "2 faces (50.0%) have a copy" in told
    assert "`fer2013` 100.0% and 0.0%" in told
    assert evaluate.copies(ByHeart(), faces, labels, crops[:0])["fer2013"] == {"copied": None, "rest": 0.5}

"""`python -m training.face_cover --data FOLDER`: tells faces whose upper or lower half is hidden from clear ones.

In: `photographs/` of the data folder; covers (masks, hands, scarves, dark glasses, hair, a telephone)
are drawn over the faces in the pictures, which then go through finder and crop as in the app. Out:
weights/face_cover.npz, a small network of one hidden layer on crops of 24×24, and its card. The temperatures by which
probabilities of hidden faces become less sure are those that fit the labels of `photographs/`'s part to choose by, with
the same covers; what the card says of hits and false alarms is of that part, too. It trained on the other.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from feelharmonic.emotions import EMOTIONS
from feelharmonic.reading.expression import ExpressionReader
from feelharmonic.reading.faces.crop import cut_crop
from feelharmonic.reading.faces.face_cover import HALVES, MIN_HIDDEN, WEIGHTS_PATH, FaceCover, prepared
from feelharmonic.reading.faces.face_finder import FaceFinder, Finder
from training.atomic_write import replacing
from training.data_dir import add_data_option, data_dir
from training.expression import picture_folders as folders
from training.expression.picture_folders import part_of, person_of
from training.measures import best_temperature

#: Units of the hidden layer: half as many tell the halves apart less well, twice as many no better.
HIDDEN = 32
EPOCHS, BATCH, LEARNING_RATE = 40, 256, 1e-3
CLEAR, UPPER, LOWER = 0, 1, 2


def covered(picture: np.ndarray, points: np.ndarray, half: int, chance: np.random.Generator) -> np.ndarray:
    """``picture`` (H, W, 3) uint8 with ``half`` (UPPER or LOWER) of the face at ``points`` (5, 2) hidden."""
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    down = mouth - eyes
    across = np.array([down[1], -down[0]])
    if half == LOWER:
        top, bottom, wide = chance.uniform(0.35, 0.75), chance.uniform(1.5, 2.2), chance.uniform(0.85, 1.5)
    else:
        top, bottom, wide = chance.uniform(-1.1, -0.3), chance.uniform(0.2, 0.45), chance.uniform(0.85, 1.5)
    if chance.random() < 0.3 and half == UPPER:
        return _with_dark_glasses(picture, points, down, chance)
    sag = chance.uniform(-0.15, 0.15, 2)
    corners = [(-wide, top + sag[0]), (0, top), (wide, top + sag[1]), (wide * 0.9, bottom), (-wide * 0.9, bottom)]
    outline = np.array([eyes + x * across + y * down for x, y in corners])
    shape = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(shape, [outline.round().astype(np.int32)], 255)
    if chance.random() < 0.4:  # a hand: fingers at the edge
        _add_fingers(shape, outline, np.hypot(*down), chance)
    shape = cv2.GaussianBlur(shape, (0, 0), max(0.5, 0.02 * np.hypot(*down)))
    cloth = _cloth(picture, points, chance)
    share = (shape / 255.0)[:, :, None]
    return np.uint8(picture * (1 - share) + cloth * share)


def _with_dark_glasses(picture: np.ndarray, points: np.ndarray, down: np.ndarray, chance: np.random.Generator):
    made, size = picture.copy(), np.hypot(*down)
    colour = tuple(int(level) for level in chance.integers(0, 60, 3))
    axes = (int(size * chance.uniform(0.4, 0.55)), int(size * chance.uniform(0.28, 0.42)))
    tilt = float(np.degrees(np.arctan2(points[1, 1] - points[0, 1], points[1, 0] - points[0, 0])))
    for eye in points[:2]:
        cv2.ellipse(made, [int(value) for value in eye], axes, tilt, 0, 360, colour, -1, cv2.LINE_AA)
    ends = [tuple(int(value) for value in eye) for eye in points[:2]]
    cv2.line(made, *ends, colour, max(1, int(size * 0.06)), cv2.LINE_AA)
    return made


def _add_fingers(shape: np.ndarray, outline: np.ndarray, size: float, chance: np.random.Generator) -> None:
    for _ in range(int(chance.integers(2, 5))):
        start = outline[0] + chance.uniform(0, 1) * (outline[2] - outline[0])
        end = start + chance.uniform(-0.3, 0.3, 2) * size
        thick = max(2, int(size * chance.uniform(0.15, 0.3)))
        cv2.line(shape, [int(v) for v in start], [int(v) for v in end], 255, thick, cv2.LINE_AA)


def _cloth(picture: np.ndarray, points: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """What covers: skin, one colour, stripes, or another part of the picture."""
    height, width = picture.shape[:2]
    kind = chance.random()
    if kind < 0.35:  # skin, shaded
        x, y = np.clip(points[2].astype(int), 0, (width - 1, height - 1))
        base = np.full(picture.shape, picture[y, x], np.float32) * chance.uniform(0.7, 1.1)
    elif kind < 0.7:
        base = np.full(picture.shape, chance.choice([20, 60, 120, 200, 240]) + chance.uniform(-20, 20, 3), np.float32)
    elif kind < 0.85:
        lines = np.sin(np.arange(height) * chance.uniform(0.2, 1.5))[:, None, None] * chance.uniform(10, 90)
        base = np.full(picture.shape, 128, np.float32) + lines
    else:
        base = np.roll(picture, (height // 3, width // 3), (0, 1)).astype(np.float32)
    slope = np.linspace(chance.uniform(-25, 25), chance.uniform(-25, 25), width)[None, :, None]
    grain = cv2.resize(chance.normal(0, chance.uniform(1, 12), (24, 24)).astype(np.float32), (width, height))
    return np.clip(base + slope + grain[:, :, None], 0, 255)


def crops_of(
    pictures: Iterator[tuple[np.ndarray, int, str]], finder: Finder, chance: np.random.Generator
) -> dict[str, np.ndarray]:
    """The crops of each picture's largest face: clear, and with each half hidden, where the finder still finds it."""
    crops, kinds, emotions, parts = [], [], [], []
    for picture, emotion, part in pictures:
        face = max(finder.find(picture), key=lambda face: face.area_px, default=None)
        if face is None or face.landmarks is None:
            continue
        made = [(CLEAR, cut_crop(picture, face))]
        for half in (UPPER, LOWER):
            changed = covered(picture, face.landmarks, half, chance)
            again = max(finder.find(changed), key=lambda found: found.area_px, default=None)
            if again is not None:
                made.append((half, cut_crop(changed, again)))
        for kind, crop in made:
            crops.append(crop)
            kinds.append(kind)
            emotions.append(emotion)
            parts.append(part)
    return {"crops": np.stack(crops), "kind": np.array(kinds), "emotion": np.array(emotions), "part": np.array(parts)}


def photographs(folder: Path) -> Iterator[tuple[np.ndarray, int, str]]:
    root = folder / "photographs"
    for path, emotion in folders.pictures(root, folders.read_description(root)):
        yield cv2.imread(str(path)), emotion, part_of(person_of(path))


def train(crops: np.ndarray, kinds: np.ndarray, epochs: int = EPOCHS) -> dict[str, np.ndarray]:
    """The arrays of a network of one hidden layer, as FaceCover takes them."""
    import torch

    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(576, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, 3))
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=0.02)
    chance = np.random.default_rng(0)
    weights = torch.tensor(len(kinds) / (3 * np.bincount(kinds, minlength=3)), dtype=torch.float32)
    for _ in range(epochs):
        order = chance.permutation(len(crops))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            inputs = torch.tensor(prepared(_jittered(crops[rows], chance)))
            loss = torch.nn.functional.cross_entropy(network(inputs), torch.tensor(kinds[rows]), weight=weights)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    first, _, second = network
    w1, b1, w2, b2 = (
        array.detach().numpy().astype(np.float32)
        for array in (first.weight.T, first.bias, second.weight.T, second.bias)
    )
    # Eight bits a weight: the browser gets 18 KB.
    scale = np.float32(np.abs(w1).max() / 127)
    return {"w1": np.int8(np.round(w1 / scale)), "scale": scale[None], "b1": b1, "w2": w2, "b2": b2}


def _jittered(crops: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """Mirrored, moved, blurred, lit from one side: what the finder and the room change."""
    made = []
    for crop in crops:
        crop = crop[:, ::-1] if chance.random() < 0.5 else crop
        wide, right, high, down = (chance.uniform(*limits) for limits in ((0.92, 1.08), (-3, 3)) * 2)
        move = np.float32([[wide, 0, right], [0, high, down]])
        crop = cv2.warpAffine(np.ascontiguousarray(crop), move, (48, 48), borderMode=cv2.BORDER_REPLICATE)
        light = np.linspace(chance.uniform(0.5, 1.2), chance.uniform(0.5, 1.2), 48)[None]
        light = light if chance.random() < 0.5 else light.T
        made.append(np.uint8(np.clip(crop * light + chance.normal(0, 3, crop.shape), 0, 255)))
    return np.stack(made)


def temperatures(made: dict[str, np.ndarray]) -> list[float]:
    """For each half, the temperature that fits the labels of faces on which it is hidden best; at least 1."""
    reader = ExpressionReader.load()
    found = []
    for half in (UPPER, LOWER):
        rows = made["kind"] == half
        probabilities = np.maximum(reader.read_crops(made["crops"][rows]).astype(float), 1e-6)
        found.append(max(1.0, best_temperature(probabilities, np.eye(len(EMOTIONS))[made["emotion"][rows]])))
    return found


def figures(cover: FaceCover, made: dict[str, np.ndarray]) -> list[str]:
    """The card's table: how many of each kind are said to be hidden, the share read rightly, how sure it said to be."""
    reader = ExpressionReader.load()
    lines = ["| faces | said: upper half | said: lower half | read rightly | sure, before | sure, as served |"]
    lines.append("|---|---|---|---|---|---|")
    for kind, name in ((CLEAR, "clear"), (UPPER, "upper half hidden"), (LOWER, "lower half hidden")):
        rows = made["kind"] == kind
        hidden = cover.hidden(made["crops"][rows])
        before = reader.read_crops(made["crops"][rows]).astype(float)
        after = np.stack([cover.softened(row, half) for row, half in zip(before, hidden, strict=True)])
        right = (before.argmax(1) == made["emotion"][rows]).mean()
        said = [np.mean([one == half for one in hidden]) for half in HALVES]
        shares = (*said, right, before.max(1).mean(), after.max(1).mean())
        lines.append(f"| {name}: {rows.sum()} | " + " | ".join(f"{share:.1%}" for share in shares) + " |")
    return lines


CARD = """# face_cover.npz: whether half of a face is hidden

A network of one hidden layer ({hidden} units) on crops of 24×24, which says whether a face is clear, its upper half is
hidden (dark glasses, hair, a hand) or its lower half (a mask, a scarf, a hand). A half counts as hidden from a
probability of {least} on. The probabilities of the seven emotions are then divided by a temperature in the logarithm:
{upper:.2f} where the upper half is hidden, {lower:.2f} where the lower one is, which fits the labels best.

| | |
|---|---|
| file | {size:,} bytes |
| trained by | `python -m training.face_cover` on {learned:,} crops of `photographs/` (part to learn from) |
| licence | `LICENSE` in this folder |
| sha256 | {sha256} |

Of the part of `photographs/` to choose by (covers drawn in the pictures, then found and cut as in the app; emotions as
labelled by students):

{table}

What it is bad at: covers were drawn. Real masks have folds and straps, and beards, veils and shadows may look like
covers. Faces that the finder no longer finds are not here.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_data_option(parser)
    parser.add_argument("--output", type=Path, default=WEIGHTS_PATH)
    given = parser.parse_args()
    folder, finder, chance = data_dir(given.data), FaceFinder.load(), np.random.default_rng(0)
    made = crops_of(photographs(folder), finder, chance)
    learn, choose = made["part"] == "learn", made["part"] == "choose"
    weights = train(made["crops"][learn], made["kind"][learn])
    chosen = {name: values[choose] for name, values in made.items()}
    upper, lower = temperatures(chosen)
    with replacing(given.output) as part, part.open("wb") as file:
        np.savez_compressed(file, temperatures=np.float32([upper, lower]), **weights)
    data = given.output.read_bytes()
    card = CARD.format(
        hidden=HIDDEN, least=MIN_HIDDEN, upper=upper, lower=lower, size=len(data), learned=int(learn.sum()),
        sha256=hashlib.sha256(data).hexdigest(), table="\n".join(figures(FaceCover.load(given.output), chosen)),
    )  # fmt: skip
    given.output.with_suffix(".md").write_text(card, encoding="utf-8")
    print(card)


if __name__ == "__main__":
    main()

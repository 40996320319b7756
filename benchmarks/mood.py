"""`python -m benchmarks.mood`: how often the mood changes on a talking head, how soon it follows a face that changes,
and what the resting face does for small smiles and for people who come in a mood.

Needs the data sets (DATA_DIR): `video/performer.mp4`, of which frames 90 to 230 show one man talking and singing,
`smiles/` (the same people at rest and smiling a little) and `photographs/`. Each is read by the whole pipeline, once
with the resting face and once without; nothing is tuned here.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from benchmarks.support.report import show
from feelharmonic.emotions import EMOTIONS
from feelharmonic.params import Params
from feelharmonic.reading import Expression, Networks, Pipeline, moods_of
from feelharmonic.reading.messages import Frame
from feelharmonic.settings import Settings

TALKING_FRAMES = (90, 230)
TALKING_RATES_HZ = (5, 15)
TALKING_STARTS = (0, 37, 90)

#: A person rests, then smiles; the camera's noise and small movements of the head are added to their two photographs.
FOLLOW_RATE_HZ, REST_S, SMILE_S = 8, 8.0, 4.0

#: A face that shows one emotion from its first second on: how much of its second minute it is read as that.
STAYS_RATE_HZ, STAYS_FROM_S, STAYS_TO_S = 5, 60.0, 120.0


def talking_head(folder: Path) -> list[np.ndarray]:
    """The video's frames with one talking man, longer side 640."""
    video, frames = cv2.VideoCapture(str(folder / "video" / "performer.mp4")), []
    for number in itertools.count():
        more, picture = video.read()
        if not more or number > TALKING_FRAMES[1]:
            return frames
        if number >= TALKING_FRAMES[0]:
            scale = 640 / max(picture.shape[:2])
            frames.append(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


def minute_of(frames: list[np.ndarray], rate_hz: int, start: int) -> Iterator[np.ndarray]:
    """A minute at ``rate_hz`` of the video (30 a second), forwards and backwards in turn."""
    last = len(frames) - 1
    for i in range(60 * rate_hz):
        place = (start + i * 30 // rate_hz) % (2 * last)
        yield frames[place if place <= last else 2 * last - place]


def changes_a_minute(networks: Networks, frames: list[np.ndarray], rate_hz: int) -> float:
    """Changes of the mood a minute, the mean over several starts."""
    counts = []
    for start in TALKING_STARTS:
        pipeline = Pipeline(networks)
        moods = [
            pipeline.see_frame(Frame(pixels_bgr=frame), i / rate_hz).mood
            for i, frame in enumerate(minute_of(frames, rate_hz, start))
        ]
        held = [name for name, _ in itertools.groupby(mood.emotion for mood in moods if mood)]
        counts.append(len(held) - 1)
    return float(np.mean(counts))


def jittered(picture: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """``picture`` as the next frame of a webcam would show it."""
    side = picture.shape[0]
    move = cv2.getRotationMatrix2D((side / 2, side / 2), chance.normal(0, 1.5), float(np.exp(chance.normal(0, 0.02))))
    move[:, 2] += chance.normal(0, 2, 2)
    moved = cv2.warpAffine(picture, move, (side, side), borderMode=cv2.BORDER_REFLECT)
    return np.clip(moved + chance.normal(0, 4, moved.shape), 0, 255).astype(np.uint8)


def smile_rows(networks: Networks, folder: Path, people: int) -> tuple[list[float], int, float, float]:
    """Seconds until each smile is the mood, smiles that never are, share of frames at rest read as neutral (the mood),
    and share of frames smiling whose moment's expression is happy."""
    chance = np.random.default_rng(0)
    delays_s, missed, neutral, happy = [], 0, [], []
    for path in sorted((folder / "smiles" / "neutral").glob("*.jpg"))[:people]:
        rest, smile = (
            cv2.resize(cv2.imread(str(file)), (240, 240), interpolation=cv2.INTER_AREA)
            for file in (path, folder / "smiles" / "smiling" / path.name)
        )
        pipeline, changed_s = Pipeline(networks), None
        for i in range(int((REST_S + SMILE_S) * FOLLOW_RATE_HZ)):
            at_s = i / FOLLOW_RATE_HZ
            reading = pipeline.see_frame(Frame(pixels_bgr=jittered(rest if at_s < REST_S else smile, chance)), at_s)
            mood = reading.mood.emotion if reading.mood else None
            if at_s < REST_S:
                neutral.append(mood == "neutral")
            else:
                happy.append(reading.expression is not None and _top(reading.expression) == "happy")
                if mood == "happy" and changed_s is None:
                    changed_s = at_s
        if changed_s is None:
            missed += 1
        else:
            delays_s.append(changed_s - REST_S)
    return delays_s, missed, float(np.mean(neutral)), float(np.mean(happy))


def kept_share(networks: Networks, folder: Path, pictures: int) -> float:
    """Share of the second minute in which faces that show one emotion from the first second on still do."""
    shares = []
    for emotion in EMOTIONS[:6]:
        for path in sorted((folder / "photographs" / emotion).glob("*"))[:pictures]:
            expression = networks.read_photograph(path.read_bytes()).expression
            if expression is None or _top(expression) != emotion:
                continue
            series = [(i / STAYS_RATE_HZ, expression) for i in range(int(STAYS_TO_S * STAYS_RATE_HZ))]
            moods = moods_of(networks.params, series, None)[int(STAYS_FROM_S * STAYS_RATE_HZ) :]
            shares.append(np.mean([mood is not None and mood.emotion == emotion for mood in moods]))
    return float(np.mean(shares))


def _top(expression: Expression) -> str:
    return EMOTIONS[int(np.argmax(expression.probabilities))]


def row(name: str, networks: Networks, folder: Path, frames: list[np.ndarray], *, people: int, pictures: int) -> dict:
    delays_s, missed, neutral, happy = smile_rows(networks, folder, people)
    talking = {
        f"changes_a_minute_{rate_hz}_hz": round(changes_a_minute(networks, frames, rate_hz), 1)
        for rate_hz in TALKING_RATES_HZ
    }
    return {
        "reading": name,
        **talking,
        "follows_median_s": round(float(np.median(delays_s)), 2) if delays_s else None,
        "follows_p90_s": round(float(np.percentile(delays_s, 90)), 2) if delays_s else None,
        "smiles_never_the_mood": missed,
        "smiling_read_happy": round(happy, 3),
        "resting_mood_neutral": round(neutral, 3),
        "emotion_kept_second_minute": round(kept_share(networks, folder, pictures), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=51, help="people of smiles/ (default 51)")
    parser.add_argument("--pictures", type=int, default=60, help="photographs of each emotion (default 60)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    folder = Path(Settings.load().data_dir)
    if not (folder / "smiles").is_dir():
        raise SystemExit(f"DATA_DIR ({folder}) has no smiles/: docs/training.md, 'Data', says where it comes from.")
    params, frames = Params.load(), talking_head(folder)
    networks = Networks.load(params)
    # With both bounds at 0 the estimate never leaves the prior: every reading is a single picture's.
    alone = replace(networks, params=replace(params, baseline=replace(params.baseline, below=0.0, above=0.0)))
    rows = [
        row(name, parts, folder, frames, people=arguments.people, pictures=arguments.pictures)
        for name, parts in (("against the resting face", networks), ("each picture by itself", alone))
    ]
    notes = [f"{len(frames)} frames of a talking head, {arguments.people} people who smile a little."]
    show("The mood over time", rows, as_json=arguments.json, notes=notes)


if __name__ == "__main__":
    main()

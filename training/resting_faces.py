"""What reading a face against its own rest does, by group and by emotion: figures for the expression network's card.

In: a network that reads crops, UTKFace's faces by group, the press photographs' part to choose by. Out: shares and
recalls, 0..1, of each picture by itself ("before") and against the resting face ("after").
"""

from __future__ import annotations

import numpy as np

from feelharmonic.emotions import EMOTIONS
from feelharmonic.params import Baseline, Params
from feelharmonic.reading.baseline import log_odds, relative_to_rest
from training.measures import CropReader, read_in_batches, softmax
from training.strangers import NEUTRAL, Strangers, figures, harder
from training.utkface import GROUPS, People

#: A resting face read as one of these is what users of every such network complain about.
STERN = tuple(EMOTIONS.index(name) for name in ("angry", "disgust", "fear", "sad"))
#: After so long the estimate of a resting face moves little.
ESTIMATED_S = 60.0


def against_estimate(probabilities: np.ndarray, params: Baseline, seconds: float = ESTIMATED_S) -> np.ndarray:
    """(N, 7) of faces that have looked so for ``seconds`` → what is shown against the estimate of their rest."""
    odds = log_odds(probabilities)
    weight = seconds / (seconds + params.prior_s)
    estimate = params.prior + np.clip(weight * (odds - params.prior), -params.below, params.above)
    moved = odds - estimate
    moved[:, NEUTRAL] = params.neutral
    return softmax(moved)


def by_group(reader: CropReader, people: People, params: Baseline) -> dict[str, dict[str, float]]:
    """Of each group: the share of faces read as one of STERN by themselves, after a minute of the estimate, and where
    another picture of the same face (`harder`) was given as the resting face."""
    alone = read_in_batches(reader, people.crops, None)
    given = read_in_batches(reader, harder(people.crops), None)
    after = np.concatenate(
        [relative_to_rest(row[None], rest, neutral=params.neutral) for row, rest in zip(alone, given, strict=True)]
    )
    read = {"before": alone, "estimated": against_estimate(alone, params), "given": after}
    return {
        name: {kind: _stern(rows[people.group == i]) for kind, rows in read.items()}
        for i, name in enumerate(GROUPS)
        if (people.group == i).any()
    }


def _stern(probabilities: np.ndarray) -> float:
    return float(np.isin(probabilities.argmax(1), STERN).mean())


def against_another_picture(reader: CropReader, faces: Strangers, params: Baseline) -> dict[str, dict]:
    """`training.strangers.figures` of the faces of whom there is another, neutral, picture: read by themselves and
    against it."""
    read = read_in_batches(reader, faces.crops, None)
    rows, rests = [], []
    for i, person in enumerate(faces.person):
        others = np.flatnonzero((faces.person == person) & (faces.label == NEUTRAL))
        others = others[others != i]
        if len(others):
            rows.append(i)
            rests.append(read[others[0]])
    if not rows:
        return {}
    after = [relative_to_rest(read[i][None], rest, neutral=params.neutral) for i, rest in zip(rows, rests, strict=True)]
    label = faces.label[rows]
    return {"before": figures(read[rows], label), "after": figures(np.concatenate(after), label)}


def resting_figures(
    reader: CropReader, people: People | None, photographs: Strangers | None, params: Baseline | None = None
) -> dict:
    """Both, as the card quotes them; of what is at hand."""
    params = params or Params.load().baseline
    found: dict = {}
    if people is not None:
        found["groups"] = by_group(reader, people, params)
    if photographs is not None:
        found["photographs"] = against_another_picture(reader, photographs.part("choose"), params)
    return found


def resting_lines(found: dict) -> list[str]:
    """The card's section about it."""
    if not found:
        return []
    lines = [
        "## Each face against its own rest",
        "",
        "The page reads a listener against their own resting face, estimated while they are in view "
        "(`feelharmonic/reading/baseline.py`). The estimate is bounded: who looks stern from the first second on is "
        "read so. Where the listener shows the page their resting face, it is read as neutral.",
        "",
    ]
    if "groups" in found:
        lines += [
            "Share of UTKFace's faces read as angry, disgusted, afraid or sad: each picture by itself, after a minute "
            "in which the face stays as it is, and with another picture of the same face (smaller and darker) given as "
            "its rest:",
            "",
            "| group | by itself | estimated | given |",
            "|---|---|---|---|",
            *(
                f"| {name} | {one['before']:.1%} | {one['estimated']:.1%} | {one['given']:.1%} |"
                for name, one in found["groups"].items()
            ),
            "",
        ]
    if found.get("photographs"):
        before, after = found["photographs"]["before"], found["photographs"]["after"]
        lines += [
            f"{before['faces']} press photographs of people of whom there is another, neutral, picture (their labels "
            "are rough), by themselves and against it. A photograph of another day is no resting face: light, pose and "
            "occasion differ. So photographs are read by themselves, and a rest comes from the listener's camera "
            "alone:",
            "",
            f"| read | accuracy | mean recall | {' | '.join(before['recall'])} |",
            "|---|---|---|" + "---|" * len(before["recall"]),
            *(
                f"| {name} | {one['accuracy']:.1%} | {one['mean_recall']:.1%} | "
                f"{' | '.join(f'{value:.0%}' for value in one['recall'].values())} |"
                for name, one in (("by itself", before), ("against the resting face", after))
            ),
            "",
        ]
    return lines

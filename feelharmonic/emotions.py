"""The seven emotions, where they lie in valence and arousal, and the goals: all that `reading` and `music` share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

#: The seven emotions, in this order in every array, file and message.
EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")

#: Valence and arousal (-1..1) of each emotion, in EMOTIONS' order: means of what people saw in photographs of faces
#: (AffectNet-C25, 1,600 faces rated by 25 people each; fear rests on 14 faces). They differ from ratings of the words
#: (Russell 1980; Russell and Mehrabian 1977), by which surprise is pleasant and happiness aroused: people do not see a
#: surprised face as pleasant, a smiling one as aroused, or a neutral one as anything but calm.
VALENCE_AROUSAL = (
    (-0.47, 0.29),
    (-0.51, 0.31),
    (-0.52, 0.34),
    (0.37, -0.06),
    (-0.53, 0.18),
    (-0.09, 0.30),
    (-0.01, -0.43),
)

#: Below this probability any other expression is likelier than the one that is named: the reading is not sure.
MIN_SURE = 0.5

#: An expression this little less likely than the one that is named could be it as well.
CLOSE = 0.15

#: What a listener may want from the music; ``match`` plays the mood, the others lead away from it.
GOALS = ("match", "lift", "calm", "energise")


def valence_arousal(probabilities: Sequence[float]) -> tuple[float, float]:
    """Valence and arousal (-1..1 each) of seven probabilities: the mean of VALENCE_AROUSAL weighted by them."""
    pairs = list(zip(probabilities, VALENCE_AROUSAL, strict=True))
    return sum(share * point[0] for share, point in pairs), sum(share * point[1] for share, point in pairs)


class Guess(NamedTuple):
    """What seven probabilities say: ``second`` is the emotion that it could be as well, None where none is close."""

    emotion: str
    is_sure: bool
    second: str | None


def guess_of(probabilities: Sequence[float], emotion: str | None = None) -> Guess:
    """The strongest of seven probabilities, whether that is sure, and what it could be as well.

    ``emotion``: the one that is named, where that is not the strongest (a mood holds against others for a while).
    """
    named = probabilities.index(max(probabilities)) if emotion is None else EMOTIONS.index(emotion)
    others = [-1.0 if index == named else share for index, share in enumerate(probabilities)]
    second = others.index(max(others))
    is_close = probabilities[named] - probabilities[second] < CLOSE
    return Guess(EMOTIONS[named], probabilities[named] >= MIN_SURE, EMOTIONS[second] if is_close else None)

"""The seven emotions, where they lie in valence and arousal, and the goals: all that `reading` and `music` share."""

from __future__ import annotations

from collections.abc import Sequence

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

#: What a listener may want from the music; ``match`` plays the mood, the others lead away from it.
GOALS = ("match", "lift", "calm", "energise")


def valence_arousal(probabilities: Sequence[float]) -> tuple[float, float]:
    """Valence and arousal (-1..1 each) of seven probabilities: the mean of VALENCE_AROUSAL weighted by them."""
    pairs = list(zip(probabilities, VALENCE_AROUSAL, strict=True))
    return sum(share * point[0] for share, point in pairs), sum(share * point[1] for share, point in pairs)

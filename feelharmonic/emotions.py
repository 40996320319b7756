"""The seven emotions and the goals: all that `reading` and `music` share."""

from __future__ import annotations

#: The seven emotions, in this order in every array, file and message.
EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")

#: What a listener may want from the music; ``match`` plays the mood, the others lead away from it.
GOALS = ("match", "lift", "calm", "energise")

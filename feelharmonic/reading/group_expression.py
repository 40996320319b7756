"""Several faces → one shared Expression, and how much each face made of it. Pure.

In: the faces of one frame with what each shows. Out: a Group, or None where no face was read. A face counts by how
surely it is one, how clearly it shows something, and how tall it is: who is near and expressive leads, nobody rules.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from feelharmonic.reading.messages import Expression, Group, GroupShare, SeenFace


def group_of(faces: Sequence[SeenFace]) -> Group | None:
    """The mean of what the read ones of ``faces`` show, weighted by score × top probability × height."""
    read = [seen for seen in faces if seen.expression is not None]
    if not read:
        return None
    shown = np.array([seen.expression.probabilities for seen in read], np.float64)  # (N, 7)
    weights = np.array([max(seen.face.score, 1e-6) * max(seen.face.box[3], 1e-6) for seen in read]) * shown.max(axis=1)
    weights /= weights.sum()
    mean = weights @ shown
    return Group(
        expression=Expression(probabilities=tuple(float(value) for value in mean / mean.sum())),
        shares=tuple(
            GroupShare(id=seen.face.id, share=float(weight)) for seen, weight in zip(read, weights, strict=True)
        ),
    )

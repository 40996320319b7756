"""Several faces → what they show together, and each one's share of it. Pure.

A face's weight is its score × its highest probability × its height: near and expressive faces count more.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from feelharmonic.reading.messages import Expression, Group, GroupShare, SeenFace


def group_of(faces: Sequence[SeenFace]) -> Group | None:
    """The weighted mean expression of ``faces``; None where none of them was read."""
    read = [(seen.face, seen.expression.probabilities) for seen in faces if seen.expression is not None]
    if not read:
        return None
    probabilities = np.array([row for _, row in read], np.float64)  # (N, 7)
    sizes = np.array([max(face.score, 1e-6) * max(face.box[3], 1e-6) for face, _ in read])
    weights = sizes * probabilities.max(axis=1)
    weights /= weights.sum()
    mean = weights @ probabilities
    return Group(
        expression=Expression(probabilities=tuple(float(value) for value in mean / mean.sum())),
        shares=tuple(
            GroupShare(id=face.id, share=float(weight)) for (face, _), weight in zip(read, weights, strict=True)
        ),
    )

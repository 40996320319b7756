"""Several faces become one shared expression: each counts by score, clearness and height."""

from __future__ import annotations

import numpy as np
import pytest

from feelharmonic.emotions import EMOTIONS
from feelharmonic.reading.group_expression import group_of
from feelharmonic.reading.messages import Expression, Face, SeenFace


def seen(number: int, emotion: str | None, *, height: float = 100.0, score: float = 0.9, top: float = 0.7) -> SeenFace:
    face = Face(box=(0.0, 0.0, 0.75 * height, height), score=score, id=number)
    if emotion is None:
        return SeenFace(face=face, expression=None)
    rest = (1 - top) / 6
    return SeenFace(
        face=face, expression=Expression(probabilities=tuple(top if name == emotion else rest for name in EMOTIONS))
    )


def read(group) -> str:
    return EMOTIONS[int(np.argmax(group.expression.probabilities))]


@pytest.mark.parametrize("faces", [[], [seen(1, None), seen(2, None)]])
def test_without_a_face_that_was_read_there_is_no_group(faces):
    assert group_of(faces) is None


def test_one_face_alone_is_the_group():
    group = group_of([seen(7, "sad")])
    np.testing.assert_allclose(group.expression.probabilities, seen(7, "sad").expression.probabilities)
    assert [(one.id, one.share) for one in group.shares] == [(7, pytest.approx(1.0))]


def test_equal_faces_count_alike_and_most_of_them_decide():
    group = group_of([seen(1, "happy"), seen(2, "sad"), seen(3, "happy")])
    assert read(group) == "happy"
    assert [one.share for one in group.shares] == pytest.approx([1 / 3] * 3)
    assert sum(group.expression.probabilities) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("more", "less"),
    [({"height": 120.0}, {"height": 60.0}), ({"score": 1.0}, {"score": 0.5}), ({"top": 0.8}, {"top": 0.4})],
)
def test_who_is_taller_surer_or_clearer_counts_more(more, less):
    group = group_of([seen(1, "happy", **more), seen(2, "sad", **less)])
    assert [one.share for one in group.shares] == pytest.approx([2 / 3, 1 / 3])
    assert read(group) == "happy"


def test_faces_that_were_found_but_not_read_have_no_share():
    assert [one.id for one in group_of([seen(1, "happy"), seen(2, None), seen(3, "sad")]).shares] == [1, 3]

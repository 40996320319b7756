"""Mood and goal → MusicTargets: where the music should be, and the steps that lead there. Pure.

In: Params, an emotion, a goal. Out: MusicTargets, one or a journey of several. Knows no tracks.

``match`` stays with the mood. The other goals follow the iso principle (meet the listener's mood, then move in
small steps). The evidence for it is mixed, so it is a choice and promises no healing.
"""

from __future__ import annotations

from dataclasses import dataclass

from feelharmonic.audio_features import FEATURES, FeatureTarget
from feelharmonic.music.messages import MusicTargets
from feelharmonic.params import Params


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalEnd:
    """Where a journey ends: at ``emotion``'s targets, but for the features that another emotion lends."""

    emotion: str
    lender: str | None = None
    lent: tuple[str, ...] = ()


#: Ends are put together from the emotions' own targets, so that no figure stands outside emotion_params.json.
GOAL_ENDS = {
    "lift": GoalEnd(emotion="happy"),
    # Even-tempered background is the quietest and slowest music of the seven.
    "calm": GoalEnd(emotion="neutral"),
    # Angry music is the most driving: energise borrows that, and stays bright.
    "energise": GoalEnd(emotion="happy", lender="angry", lent=("energy", "loudness", "tempo")),
}


def targets_for(params: Params, emotion: str, goal: str = "match") -> MusicTargets:
    """Where the music should be: the mood's own targets for ``match``, else those at the journey's end."""
    if goal == "match":
        return _of(params, emotion, goal, dict(params.emotions[emotion].targets))
    end = GOAL_ENDS[goal]
    features = dict(params.emotions[end.emotion].targets)
    if end.lender is not None:
        features.update({name: params.emotions[end.lender].targets[name] for name in end.lent})
    return _of(params, end.emotion, goal, features)


def _of(params: Params, emotion: str, goal: str, features: dict[str, FeatureTarget]) -> MusicTargets:
    chosen = params.emotions[emotion]
    return MusicTargets(emotion=emotion, goal=goal, features=features, genres=chosen.genres, search=chosen.search)


def journey(params: Params, emotion: str, goal: str, n: int) -> list[MusicTargets]:
    """``n`` (at least 1) targets in equal steps from the mood to the goal; for ``match`` the mood's, ``n`` times.

    The first step is the mood, the last the goal's end; a journey of one step is its end. Each step carries the
    emotion, the genres and the words of the nearer of the two.
    """
    if goal == "match":
        return [targets_for(params, emotion)] * n
    start, end = targets_for(params, emotion), targets_for(params, emotion, goal)
    return [_between(start, end, index / (n - 1) if n > 1 else 1.0) for index in range(n)]


def _between(start: MusicTargets, end: MusicTargets, share: float) -> MusicTargets:
    """The point ``share`` (0..1) of the way from ``start`` to ``end``."""
    nearer = start if share < 0.5 else end
    return MusicTargets(
        emotion=nearer.emotion,
        goal=end.goal,
        features={
            name: FeatureTarget(
                centre=_mix(start.features[name].centre, end.features[name].centre, share),
                spread=_mix(start.features[name].spread, end.features[name].spread, share),
            )
            for name in FEATURES
        },
        genres=nearer.genres,
        search=nearer.search,
    )


def _mix(start: float, end: float, share: float) -> float:
    return start + (end - start) * share

"""Mood and goal → MusicTargets: where the music should be, and the steps that lead there. Pure.

In: Params, an emotion or a mixture of emotions, a goal. Out: MusicTargets, one or a journey of several. No tracks.

``match`` stays with the mood. The other goals follow the iso principle (meet the listener's mood, then move in
small steps). The evidence for it is mixed, so it is a choice and promises no healing.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from feelharmonic.audio_features import FEATURES, FeatureTarget
from feelharmonic.emotions import EMOTIONS, VALENCE_AROUSAL
from feelharmonic.music.messages import MusicTargets
from feelharmonic.params import Params, PlanePoint

#: On a journey the tracks' valence and energy lie this close to the path; other features have their own spreads.
PATH_SPREAD = 0.01

#: Ends that lie closer together on the plane of valence and energy are one place: there is no way to go.
MIN_JOURNEY = 0.15

#: How far chance moves the ends of a journey's path on that plane, each way.
WANDER = 0.09

#: Where a feeling places the target on that plane its tracks lie this close.
FEELING_SPREAD = 0.1

#: The share of a mixture from which its second emotion is said.
MIN_LITTLE_SHARE = 0.2


#: Emotions this much further away than the nearest count about a third of it.
NEAR = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalEnd:
    """Where a journey ends: at ``emotion``'s targets, but for the features that another emotion lends. ``fits``: which
    emotions its tracks should fit, in equal shares."""

    emotion: str
    fits: tuple[str, ...]
    lender: str | None = None
    lent: tuple[str, ...] = ()


#: Ends are put together from the emotions' own targets, so that no number stands outside emotion_params.json.
GOAL_ENDS = {
    "lift": GoalEnd(emotion="happy", fits=("happy",)),
    # Calm and pleasant music is what a neutral face gets.
    "calm": GoalEnd(emotion="neutral", fits=("neutral",)),
    # Angry music is the most driving: energise borrows that, and stays bright.
    "energise": GoalEnd(
        emotion="happy", fits=("happy", "surprise"), lender="angry", lent=("energy", "loudness", "tempo")
    ),
}


def targets_for(params: Params, emotion: str, goal: str = "match") -> MusicTargets:
    """Where the music should be: the mood's own targets for ``match``, else those at the journey's end."""
    if goal == "match":
        return _of(params, emotion, goal, dict(params.emotions[emotion].targets), (emotion,))
    end = GOAL_ENDS[goal]
    features = dict(params.emotions[end.emotion].targets)
    if end.lender is not None:
        features.update({name: params.emotions[end.lender].targets[name] for name in end.lent})
    return _of(params, end.emotion, goal, features, end.fits)


def mixed_targets(
    params: Params, probabilities: Sequence[float], feeling: tuple[float, float] | None = None
) -> MusicTargets:
    """Targets between the emotions, weighted by ``probabilities`` (seven, in EMOTIONS' order), for ``match``.

    One emotion at 1.0 gives what ``targets_for`` gives. ``feeling``: valence and arousal, -1..1 each, which place the
    target on the plane of the tracks' valence and energy, where the tracks of the emotions near it lie.
    """
    shares = sharpened(probabilities, params.sharpness)
    strongest = EMOTIONS[max(range(len(EMOTIONS)), key=shares.__getitem__)]
    features = {
        name: FeatureTarget(
            centre=sum(s * params.emotions[e].targets[name].centre for e, s in zip(EMOTIONS, shares, strict=True)),
            spread=sum(s * params.emotions[e].targets[name].spread for e, s in zip(EMOTIONS, shares, strict=True)),
        )
        for name in FEATURES
    }
    targets = replace(_of(params, strongest, "match", features, (strongest,)), fits=shares)
    if feeling is None:
        return targets
    point = _place(params, targets)
    return replace(targets, features={**targets.features, **_on_plane(point, FEELING_SPREAD)})


def sharpened(probabilities: Sequence[float], sharpness: float) -> tuple[float, ...]:
    """``probabilities`` to the power of ``sharpness``, summing to 1: what is weak counts less, what is strong more."""
    powers = [max(value, 0.0) ** sharpness for value in probabilities]
    return tuple(power / sum(powers) for power in powers)


def probabilities_at(valence: float, arousal: float) -> tuple[float, ...]:
    """How much of each emotion there is at a point of valence and arousal, -1..1 each; seven, summing to 1."""
    away = [math.hypot(valence - own_valence, arousal - own_arousal) for own_valence, own_arousal in VALENCE_AROUSAL]
    # From the nearest on, so that far out one emotion is left and not none.
    near = [math.exp((min(away) ** 2 - distance**2) / NEAR**2) for distance in away]
    return tuple(value / sum(near) for value in near)


def in_words(probabilities: Sequence[float], sharpness: float) -> tuple[str, str | None]:
    """The strongest emotion of a mixture, and the next where there is enough of it to be said ("sad, a little
    calm")."""
    shares = sharpened(probabilities, sharpness)
    first, second = sorted(range(len(EMOTIONS)), key=lambda place: -shares[place])[:2]
    return EMOTIONS[first], EMOTIONS[second] if shares[second] >= MIN_LITTLE_SHARE else None


def journey(
    params: Params,
    emotion: str,
    goal: str,
    n: int,
    start: MusicTargets | None = None,
    chance: random.Random | None = None,
) -> list[MusicTargets]:
    """``n`` (at least 1) targets in equal steps from the mood to the goal; for ``match`` the mood's, ``n`` times.

    ``chance`` moves both ends of the path a little, so that a journey does not lead past the same tracks every time.
    ``start``: where the music starts instead of at ``emotion``'s own targets. The first step is the mood, the last the
    goal's end; a journey of one step is its end. Where both are one place, all steps are the mood's. Each step carries
    the emotion, the genres and the words of the nearer of the two.
    """
    start = start or targets_for(params, emotion)
    if goal == "match":
        return [start] * n
    end = targets_for(params, emotion, goal)
    here, there = _place(params, start), _end_place(params, goal)
    if not leads_somewhere(params, start, goal):
        return [replace(start, goal=goal)] * n
    if chance is not None:
        here, there = _near(here, chance), _near(there, chance)
    shares = [index / (n - 1) if n > 1 else 1.0 for index in range(n)]
    return [_on_path(_between(start, end, share), here, there, share) for share in shares]


def onward(params: Params, after: PlanePoint, goal: str, n: int, mood: MusicTargets) -> list[MusicTargets]:
    """``n`` (at least 1) targets in equal steps from where a track lies to the mood's place, or to the goal's end.

    ``after``: the track that plays before them, so that the first step leads on already; the last is the end. Where
    the track lies there already, all steps stay.
    """
    end = mood if goal == "match" else targets_for(params, mood.emotion, goal)
    there = _place(params, mood) if goal == "match" else _end_place(params, goal)
    if math.hypot(there.valence - after.valence, there.energy - after.energy) < MIN_JOURNEY:
        return [end] * n
    return [_on_path(end, after, there, (index + 1) / n) for index in range(n)]


def leads_somewhere(params: Params, start: MusicTargets, goal: str) -> bool:
    """Whether the goal's end is another place than where the music starts."""
    here, there = _place(params, start), _end_place(params, goal)
    return math.hypot(there.valence - here.valence, there.energy - here.energy) >= MIN_JOURNEY


def _of(
    params: Params, emotion: str, goal: str, features: dict[str, FeatureTarget], fits: tuple[str, ...]
) -> MusicTargets:
    chosen = params.emotions[emotion]
    return MusicTargets(
        emotion=emotion,
        goal=goal,
        features=features,
        genres=chosen.genres,
        search=chosen.search,
        fits=tuple((name in fits) / len(fits) for name in EMOTIONS),
    )


def _place(params: Params, targets: MusicTargets) -> PlanePoint:
    """Where the tracks that fit ``targets`` lie on the plane of valence and energy."""
    own = [params.emotions[emotion].tracks for emotion in EMOTIONS]
    return PlanePoint(
        valence=sum(share * point.valence for share, point in zip(targets.fits, own, strict=True)),
        energy=sum(share * point.energy for share, point in zip(targets.fits, own, strict=True)),
    )


def _end_place(params: Params, goal: str) -> PlanePoint:
    end = GOAL_ENDS[goal]
    own = params.emotions[end.emotion].tracks
    if end.lender is None:
        return own
    return replace(own, energy=max(own.energy, params.emotions[end.lender].tracks.energy))


def _near(point: PlanePoint, chance: random.Random) -> PlanePoint:
    """A point at most WANDER away in each direction, within 0..1."""
    moved = (value + chance.uniform(-WANDER, WANDER) for value in (point.valence, point.energy))
    valence, energy = (max(0.0, min(1.0, value)) for value in moved)
    return PlanePoint(valence=valence, energy=energy)


def _on_path(step: MusicTargets, here: PlanePoint, there: PlanePoint, share: float) -> MusicTargets:
    """``step`` with the valence and the energy of the point ``share`` (0..1) of the way from ``here`` to ``there``."""
    point = PlanePoint(valence=_mix(here.valence, there.valence, share), energy=_mix(here.energy, there.energy, share))
    return replace(step, features={**step.features, **_on_plane(point, PATH_SPREAD)})


def _on_plane(point: PlanePoint, spread: float) -> dict[str, FeatureTarget]:
    """Targets for the two features that ``point`` places."""
    return {
        "valence": FeatureTarget(centre=point.valence, spread=spread),
        "energy": FeatureTarget(centre=point.energy, spread=spread),
    }


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
        fits=tuple(_mix(one, other, share) for one, other in zip(start.fits, end.fits, strict=True)),
    )


def _mix(start: float, end: float, share: float) -> float:
    return start + (end - start) * share

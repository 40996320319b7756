"""emotion_params.json → Params: how it feels. The only reader of that file.

In: the file's path. Out: frozen Params, or one SetupFault that names every fault in the file. Where the program runs
(ports, keys, folders) is `settings.py`'s business.
"""

from __future__ import annotations

import difflib
import json
import math
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from feelharmonic.audio_features import FEATURE_RANGES, FEATURES, FeatureTarget
from feelharmonic.emotions import EMOTIONS, GOALS
from feelharmonic.errors import SetupFault
from feelharmonic.resources import ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchTerms:
    """What to look for where music is found by words alone: ``words`` that stand for the emotion, and the first and
    the last of the ``years`` in which its music was made."""

    words: tuple[str, ...]
    years: tuple[int, int]


#: The file beside the package, at the top level of the project.
PARAMS_PATH = ROOT / "emotion_params.json"

VERSION = 1

#: Years between which music may be searched for; no recording that Spotify has is older.
EARLIEST_YEAR, LATEST_YEAR = 1900, 2099

COLOUR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Smoothing:
    """How readings become a mood.

    Probabilities are averaged over ``expression_window_s`` seconds for the moment's expression and over ``window_s``
    for the mood, which a gap between readings longer than ``window_s`` ends. ``enter``: least average (0..1) at which
    a mood begins; ``leave``: the one below which it ends.
    ``margin``: how far another emotion's average must exceed the current mood's. ``hold_s``: least time that a mood
    holds. ``lost_after_s``: time without a face after which there is no mood. ``longest_step_s``: the most time that
    one reading counts for, so that one frame after a pause does not weigh like many.
    """

    expression_window_s: float
    window_s: float
    enter: float
    leave: float
    margin: float
    hold_s: float
    lost_after_s: float
    longest_step_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """How a listener is read against their own resting face; log-odds are those of an emotion against neutral.

    ``neutral``: neutral's own log-odds, the distance from rest at which an emotion is as likely as none. The estimate
    of the resting face is the ``quantile`` of the listener's log-odds over the last ``window_s`` seconds, sampled every
    ``sample_s``. ``prior``: the estimate before anything was read; after ``prior_s`` seconds it counts for half.
    ``below`` and ``above``: how far from the prior the estimate may move. ``longest_step_s``: the most time that one
    reading counts for. The estimate restarts after ``lost_after_s`` without a face, where the face's size changes by
    more than the factor ``other_size`` or its place by more than ``other_place`` of its size between two readings, or
    where the crop's likeness to the one before (correlation, -1..1) falls below ``other_likeness``.
    """

    neutral: float
    quantile: float
    window_s: float
    sample_s: float
    prior: float
    prior_s: float
    below: float
    above: float
    longest_step_s: float
    lost_after_s: float
    other_size: float
    other_place: float
    other_likeness: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Colour:
    """A mood's colours on the page, ``#rrggbb``: ``light`` for words and buttons on light pages, ``dark`` on dark
    ones, ``glow`` for the air around them on both."""

    light: str
    dark: str
    glow: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanePoint:
    """Where the tracks that fit an emotion best lie, on Spotify's ``valence`` and ``energy``, 0..1 each."""

    valence: float
    energy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EmotionParams:
    """One emotion: its colour, its music targets by feature, the genres that carry it (Spotify's names), what to search
    for where only words find music, and where its tracks lie."""

    colour: Colour
    genres: tuple[str, ...]
    search: SearchTerms
    targets: dict[str, FeatureTarget]
    tracks: PlanePoint


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMusic:
    """What open catalogues and radio are searched for, by emotion and by goal other than ``match``: the tags of
    stations (``radio``) and the moods that uploaders set at Audius (``audius``)."""

    radio: dict[str, tuple[str, ...]]
    audius: dict[str, tuple[str, ...]]

    def radio_tags_for(self, emotion: str, goal: str) -> tuple[str, ...]:
        return self.radio[emotion if goal == "match" else goal]

    def audius_moods_for(self, emotion: str, goal: str) -> tuple[str, ...]:
        return self.audius[emotion if goal == "match" else goal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """All of emotion_params.json. ``emotions`` has a value for each name in EMOTIONS, in that order. ``sharpness``: to
    which power a mood's probabilities count where music is chosen for a mixture of emotions, 1 or more.
    ``mood_hold_s``: how long another mood holds before the player that follows the mood plans anew."""

    smoothing: Smoothing
    baseline: Baseline
    sharpness: float
    mood_hold_s: float
    open_music: OpenMusic
    emotions: dict[str, EmotionParams]

    @classmethod
    def load(cls, path: Path = PARAMS_PATH) -> Params:
        """Read and check the file at ``path``.

        Raises SetupFault with every fault found: unreadable file, wrong JSON, missing or unknown keys (nearest
        name suggested), values of the wrong type or out of range.
        """
        check = _Check(path.name)
        document = check.read(path)
        if check.faults:
            raise SetupFault(check.faults)
        check.keys("", document, ("version", "smoothing", "baseline", "music", "player", "open_music", "emotions"))
        check.version(document.get("version"))
        smoothing = check.smoothing(document.get("smoothing"))
        baseline = check.baseline(document.get("baseline"))
        sharpness = check.sharpness(document.get("music"))
        mood_hold_s = check.mood_hold_s(document.get("player"))
        open_music = check.open_music(document.get("open_music"))
        emotions = check.emotions(document.get("emotions"))
        if check.faults or smoothing is None or baseline is None:
            raise SetupFault(check.faults)
        return cls(
            smoothing=smoothing,
            baseline=baseline,
            sharpness=sharpness,
            mood_hold_s=mood_hold_s,
            open_music=open_music,
            emotions=emotions,
        )


class _Check:
    """Reads values out of the document and collects every fault instead of stopping at the first."""

    def __init__(self, file_name: str):
        self.file_name = file_name
        self.faults: list[str] = []

    def fault(self, where: str, text: str) -> None:
        self.faults.append(f"{self.file_name}: {where}{': ' if where else ''}{text}")

    def read(self, path: Path) -> dict[str, Any]:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except OSError as exc:
            self.fault("", f"cannot be read ({exc.strerror}). Restore it with `git checkout {path.name}`.")
            return {}
        except ValueError as exc:
            self.fault("", f"is not valid JSON ({exc}). Mend it or restore it with `git checkout {path.name}`.")
            return {}
        if not isinstance(document, dict):
            self.fault("", f"expected an object at the top, got {_kind(document)}.")
            return {}
        return document

    def keys(self, where: str, value: Any, expected: tuple[str, ...]) -> bool:
        """Whether ``value`` is an object; faults for each key missing or unknown."""
        if not isinstance(value, dict):
            self.fault(where, f"expected an object, got {_kind(value)}.")
            return False
        dot = f"{where}." if where else ""
        for key in expected:
            if key not in value:
                self.fault(f"{dot}{key}", "is missing.")
        for key in value:
            if key not in expected:
                near = difflib.get_close_matches(key, expected, 1)
                hint = f" Did you mean {near[0]!r}?" if near else f" Expected one of: {', '.join(expected)}."
                self.fault(f"{dot}{key}", f"is not known.{hint}")
        return True

    def number(self, where: str, value: Any, low: float, high: float) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            self.fault(where, f"expected a number from {low:g} to {high:g}, got {value!r}.")
            return math.nan
        if not low <= value <= high:
            self.fault(where, f"expected a number from {low:g} to {high:g}, got {value:g}.")
        return float(value)

    def version(self, value: Any) -> None:
        if value is not None and value != VERSION:
            self.fault("version", f"expected {VERSION}, got {value!r}. Update the file to this program's format.")

    def smoothing(self, value: Any) -> Smoothing | None:
        names = tuple(item.name for item in fields(Smoothing))
        if not self.keys("smoothing", value, names):
            return None
        shares = dict.fromkeys(("enter", "leave", "margin"), (0, 1))
        limits = {**shares, "window_s": (0.05, 30), "longest_step_s": (0.05, 10)}
        numbers = {
            name: self.number(f"smoothing.{name}", value[name], *limits.get(name, (0, 600)))
            for name in names
            if name in value
        }
        if numbers.get("leave", 0) > numbers.get("enter", 1):
            self.fault("smoothing.leave", f"must not be above enter ({numbers['enter']:g}), got {numbers['leave']:g}.")
        return Smoothing(**numbers) if len(numbers) == len(names) else None

    def baseline(self, value: Any) -> Baseline | None:
        names = tuple(item.name for item in fields(Baseline))
        if not self.keys("baseline", value, names):
            return None
        limits = {
            "neutral": (-5, 5),
            "quantile": (0, 1),
            "sample_s": (0.05, 10),
            "prior": (-10, 10),
            "prior_s": (0.001, 600),
            "other_size": (1, 100),
            "other_likeness": (-1, 1),
        }
        numbers = {
            name: self.number(f"baseline.{name}", value[name], *limits.get(name, (0, 600)))
            for name in names
            if name in value
        }
        return Baseline(**numbers) if len(numbers) == len(names) else None

    def sharpness(self, value: Any) -> float:
        if not self.keys("music", value, ("sharpness",)) or "sharpness" not in value:
            return math.nan
        return self.number("music.sharpness", value["sharpness"], 1, 10)

    def mood_hold_s(self, value: Any) -> float:
        if not self.keys("player", value, ("mood_hold_s",)) or "mood_hold_s" not in value:
            return math.nan
        return self.number("player.mood_hold_s", value["mood_hold_s"], 1, 600)

    def open_music(self, value: Any) -> OpenMusic:
        read: dict[str, dict[str, tuple[str, ...]]] = {"radio": {}, "audius": {}}
        if not self.keys("open_music", value, tuple(read)):
            return OpenMusic(**read)
        wanted = (*EMOTIONS, *GOALS[1:])
        for service in read:
            if service in value and self.keys(f"open_music.{service}", value[service], wanted):
                names = {name: value[service].get(name, []) for name in wanted}
                read[service] = {
                    name: self.names(f"open_music.{service}.{name}", found, "word") for name, found in names.items()
                }
        return OpenMusic(**read)

    def emotions(self, value: Any) -> dict[str, EmotionParams]:
        if not self.keys("emotions", value, EMOTIONS):
            return {}
        read = {name: self.emotion(f"emotions.{name}", value[name]) for name in EMOTIONS if name in value}
        return {name: emotion for name, emotion in read.items() if emotion is not None}

    def emotion(self, where: str, value: Any) -> EmotionParams | None:
        if not self.keys(where, value, ("colour", "genres", "search", "targets", "tracks")):
            return None
        colour = self.colour(f"{where}.colour", value.get("colour", {}))
        genres = self.genres(f"{where}.genres", value.get("genres", []))
        search = self.search(f"{where}.search", value.get("search", {}))
        targets = self.targets(f"{where}.targets", value.get("targets", {}))
        tracks = self.point(f"{where}.tracks", value.get("tracks"), ("valence", "energy"))
        if colour is None or search is None:
            return None
        return EmotionParams(
            colour=colour,
            genres=genres,
            search=search,
            targets=targets,
            tracks=PlanePoint(**tracks),
        )

    def point(self, where: str, value: Any, names: tuple[str, str]) -> dict[str, float]:
        if not self.keys(where, value, names):
            return dict.fromkeys(names, math.nan)
        return {name: self.number(f"{where}.{name}", value.get(name), 0, 1) for name in names}

    def colour(self, where: str, value: Any) -> Colour | None:
        if not self.keys(where, value, ("light", "dark", "glow")):
            return None
        for name, text in value.items():
            if not isinstance(text, str) or not COLOUR.fullmatch(text):
                self.fault(f"{where}.{name}", f"expected a colour like '#3366cc' (lower case), got {text!r}.")
        return Colour(light=value.get("light", ""), dark=value.get("dark", ""), glow=value.get("glow", ""))

    def genres(self, where: str, value: Any) -> tuple[str, ...]:
        return self.names(where, value, "genre name")

    def names(self, where: str, value: Any, what: str) -> tuple[str, ...]:
        if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
            self.fault(where, f"expected a list of at least one {what}, got {value!r}.")
            return ()
        return tuple(value)

    def search(self, where: str, value: Any) -> SearchTerms | None:
        if not self.keys(where, value, ("words", "years")) or len(value) != 2:
            return None
        years = value["years"]
        whole = isinstance(years, list) and len(years) == 2 and all(type(year) is int for year in years)
        if not whole or not EARLIEST_YEAR <= years[0] <= years[1] <= LATEST_YEAR:
            limits = f"from {EARLIEST_YEAR} to {LATEST_YEAR}, like [1980, 2029]"
            self.fault(f"{where}.years", f"expected a first and a last year {limits}, got {years!r}.")
            return None
        return SearchTerms(words=self.names(f"{where}.words", value["words"], "word"), years=tuple(years))

    def targets(self, where: str, value: Any) -> dict[str, FeatureTarget]:
        if not self.keys(where, value, FEATURES):
            return {}
        read = {name: self.target(f"{where}.{name}", name, value[name]) for name in FEATURES if name in value}
        return {name: target for name, target in read.items() if target is not None}

    def target(self, where: str, feature: str, value: Any) -> FeatureTarget | None:
        if not self.keys(where, value, ("centre", "spread")) or len(value) != 2:
            return None
        low, high = FEATURE_RANGES[feature]
        return FeatureTarget(
            centre=self.number(f"{where}.centre", value["centre"], low, high),
            spread=self.number(f"{where}.spread", value["spread"], 0.0001, high - low),
        )


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "nothing"}
    return names.get(type(value), "a number")

"""A sound's description → the seven features that nobody can measure: estimates by a small network.

In: a Description. Out: features by name, 0..1 each. Fitted by `training/own_music/fit.py`; the card beside the weights
says to what, and how good each estimate is. Serving needs numpy only.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from feelharmonic.errors import SetupFault
from feelharmonic.music.library.sound.description import Description, names

WEIGHTS_PATH = Path(__file__).resolve().parents[2] / "weights" / "sound_features.npz"

VERSION = 1

ESTIMATED = ("acousticness", "danceability", "energy", "instrumentalness", "liveness", "speechiness", "valence")

#: Numbers further from their mean than this, in standard deviations, say no more.
MAX_DEVIATIONS = 3.0


class Estimator:
    """``middle``, ``scale``: (D,); ``inward``: (D + 1, H), ``outward``: (H + D + 1, 7), last rows the constants."""

    def __init__(self, *, middle: np.ndarray, scale: np.ndarray, inward: np.ndarray, outward: np.ndarray):
        self._middle, self._scale, self._inward, self._outward = middle, scale, inward, outward

    @staticmethod
    @functools.cache
    def load(path: Path = WEIGHTS_PATH) -> Estimator:
        """From the file ``path``, once. Raises SetupFault where it is not one of this version."""
        try:
            with np.load(path, allow_pickle=False) as file:
                if int(file["version"]) != VERSION or [str(name) for name in file["names"]] != names():
                    raise ValueError("another version")
                return Estimator(**{name: file[name] for name in ("middle", "scale", "inward", "outward")})
        except (OSError, KeyError, ValueError) as exc:
            raise SetupFault([f"{path.name}: expected version {VERSION} of the weights ({exc}). Restore it."]) from exc

    def arrays(self) -> dict[str, np.ndarray]:
        """What the file of weights holds, as float32."""
        arrays = {"middle": self._middle, "scale": self._scale, "inward": self._inward, "outward": self._outward}
        return {name: array.astype(np.float32) for name, array in arrays.items()}

    def estimate(self, description: Description) -> dict[str, float]:
        values = self.estimates(description.numbers[None])[0]
        return {name: float(value) for name, value in zip(ESTIMATED, values, strict=True)}

    def estimates(self, numbers: np.ndarray) -> np.ndarray:
        """(N, 7) of descriptions' numbers (N, D)."""
        one = np.ones((len(numbers), 1))
        known = np.clip((numbers - self._middle) / self._scale, -MAX_DEVIATIONS, MAX_DEVIATIONS)
        hidden = np.tanh(np.hstack([known, one]) @ self._inward)
        estimates: np.ndarray = 1 / (1 + np.exp(-(np.hstack([hidden, known, one]) @ self._outward)))
        return estimates

"""Whole inputs, changed at random in a few places: parts left out, repeated, exchanged, put in from a list.

Repetition is what finds work that grows faster than its input. The same number gives the same inputs.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

Data = TypeVar("Data", str, bytes)

#: Most inputs stay about as long as they were; one in LONG_EVERY is repeated until it has up to MAX_LONG.
MAX_CHANGES, MAX_REPEATS, LONG_EVERY, MAX_LONG = 4, 40, 200, 60_000


class Mutations:
    """``seeds``: whole inputs; ``parts``: what may be put in."""

    def __init__(self, seeds: Sequence[Data], parts: Sequence[Data], number: int = 1):
        self._seeds, self._parts, self._chance = seeds, parts, random.Random(number)

    def next(self) -> Data:
        chance = self._chance
        data = chance.choice(self._seeds)
        for _ in range(chance.randint(1, MAX_CHANGES)):
            data = self._changed(data)
        if chance.randrange(LONG_EVERY) == 0:
            piece = self._slice(data) or data or self._parts[0]
            data += piece * (chance.randint(100, MAX_LONG) // max(len(piece), 1))
        return data[: 2 * MAX_LONG]

    def _changed(self, data: Data) -> Data:
        chance = self._chance
        at, end = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
        end = min(end, at + chance.choice((1, 4, 30, 1000)))
        how = chance.randrange(6)
        if how == 0:
            return data[:at] + data[end:]
        if how == 1:
            return data[:at] + data[at:end] * chance.randint(2, MAX_REPEATS) + data[end:]
        if how == 2:
            return data[:at] + chance.choice(self._parts) + data[end:]
        if how == 3:
            return data[:at] + chance.choice(self._parts) * chance.randint(1, MAX_REPEATS) + data[at:]
        if how == 4:
            return data[:at] + self._slice(chance.choice(self._seeds)) + data[end:]
        return data[:at] + self._random(end - at) + data[end:]

    def _slice(self, data: Data) -> Data:
        at, end = sorted((self._chance.randint(0, len(data)), self._chance.randint(0, len(data))))
        return data[at:end]

    def _random(self, length: int) -> Data:
        length = min(length, 40)
        if isinstance(self._parts[0], bytes):
            return self._chance.randbytes(length)
        return "".join(
            chr(self._chance.choice((self._chance.randrange(128), self._chance.randrange(0x3000))))
            for _ in range(length)
        )

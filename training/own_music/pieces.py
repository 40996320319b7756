"""Makes up short pieces of music: chords, melody, bass and drums in a known tempo, key and mode.

In: a seed. Out: Piece, whose notes `midi_bytes` writes as a MIDI file. The same seed gives the same piece.
"""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass, field

TICKS_PER_BEAT = 480
DRUMS = 9

#: Steps of the scales. Minor pieces take the raised seventh over the dominant.
SCALES = {1: (0, 2, 4, 5, 7, 9, 11), 0: (0, 2, 3, 5, 7, 8, 10)}

#: Degrees of the scale (0 the tonic), a bar each. All begin and end so that the tonic is heard as such.
PROGRESSIONS = {
    1: ((0, 4, 5, 3), (0, 3, 4, 0), (0, 5, 3, 4), (0, 3, 0, 4), (0, 1, 4, 0), (0, 2, 3, 4), (3, 4, 0, 5)),
    0: ((0, 5, 2, 6), (0, 3, 4, 0), (0, 5, 3, 4), (0, 6, 5, 4), (0, 3, 0, 4), (0, 2, 6, 3), (5, 6, 0, 0)),
}

#: General MIDI programs, by style: chords, melody, bass.
STYLES = {
    "piano": ((0, 1, 4), (0, 1, 73, 68), (0, 32)),
    "folk": ((24, 25, 21), (73, 22, 40, 110), (32, 33)),
    "strings": ((48, 49, 50), (40, 41, 42, 68), (43, 48)),
    "pop": ((25, 27, 4, 88), (80, 65, 73, 11), (33, 34, 38)),
    "rock": ((29, 30, 18), (29, 30, 81), (34, 33, 36)),
    "dance": ((89, 90, 81, 62), (80, 81, 84), (38, 39, 87)),
    "jazz": ((0, 26, 11), (65, 66, 56, 71), (32,)),
    "ambient": ((89, 91, 92, 95), (88, 77, 98), (89, 43)),
}

#: How probable drums are in a style.
DRUMMED = {
    "piano": 0.2,
    "folk": 0.4,
    "strings": 0.15,
    "pop": 1.0,
    "rock": 1.0,
    "dance": 1.0,
    "jazz": 0.9,
    "ambient": 0.1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    channel: int
    start: float  # beats
    length: float
    pitch: int
    velocity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """``key``: 0 C .. 11 B; ``mode``: 1 major, 0 minor; ``programs``: by channel."""

    seed: int
    style: str
    bpm: float
    key: int
    mode: int
    beats_per_bar: int
    drums: bool
    programs: dict[int, int]
    notes: list[Note] = field(default_factory=list)


def make_piece(seed: int, bars: int = 24) -> Piece:
    chance = random.Random(seed)
    style = chance.choice(list(STYLES))
    chords, melody, bass = (chance.choice(group) for group in STYLES[style])
    piece = Piece(
        seed=seed,
        style=style,
        bpm=round(chance.uniform(66, 176), 2),
        key=chance.randrange(12),
        mode=chance.randrange(2),
        beats_per_bar=chance.choice((4, 4, 4, 4, 3)),
        drums=chance.random() < DRUMMED[style],
        programs={0: chords, 1: melody, 2: bass},
    )
    _Writer(piece, chance, bars).write()
    return piece


class _Writer:
    def __init__(self, piece: Piece, chance: random.Random, bars: int):
        self._piece, self._chance, self._bars = piece, chance, bars
        self._loud = chance.randint(60, 105)
        self._density = chance.choice((1, 1, 2, 2, 4))
        self._progression = chance.choice(PROGRESSIONS[piece.mode])
        self._pattern = chance.choice(("held", "beats", "broken", "offbeat"))
        self._groove = chance.choice(("backbeat", "four", "half", "shuffle"))

    def write(self) -> None:
        degree = 7
        for bar in range(self._bars):
            at = bar * self._piece.beats_per_bar
            root = 0 if bar == self._bars - 1 else self._progression[bar % len(self._progression)]
            self._chord(at, root)
            self._bass(at, root)
            if self._piece.drums and bar >= 1:
                self._drums(at, bar)
            if bar >= 2:
                degree = self._melody(at, root, degree)

    def _pitch(self, degree: int, octave: int, *, raised: bool = False) -> int:
        octaves, step = divmod(degree, 7)
        pitch = self._piece.key + SCALES[self._piece.mode][step] + 12 * (octave + octaves)
        return pitch + (1 if raised and self._piece.mode == 0 and step == 6 else 0)

    def _add(self, channel: int, start: float, length: float, pitch: int, loud: float = 1.0) -> None:
        velocity = round(min(127, max(20, self._loud * loud + self._chance.gauss(0, 5))))
        late = self._chance.gauss(0, 0.008)  # nobody plays exactly on the beat
        self._piece.notes.append(
            Note(channel=channel, start=max(0.0, start + late), length=length, pitch=pitch, velocity=velocity)
        )

    def _chord(self, at: float, root: int) -> None:
        beats = self._piece.beats_per_bar
        tones = [self._pitch(root + step, 5, raised=root == 4) for step in (0, 2, 4)]
        if self._pattern == "held":
            for tone in tones:
                self._add(0, at, beats * 0.95, tone, 0.8)
        elif self._pattern == "broken":
            for half in range(2 * beats):
                self._add(0, at + half / 2, 0.6, tones[half % 3], 0.8)
        else:
            shift = 0.5 if self._pattern == "offbeat" else 0.0
            for beat in range(beats):
                for tone in tones:
                    self._add(0, at + beat + shift, 0.45, tone, 0.8)

    def _bass(self, at: float, root: int) -> None:
        beats = self._piece.beats_per_bar
        for beat in range(0, beats, 1 if self._density > 1 else 2):
            degree = root if beat % 4 == 0 or self._chance.random() < 0.6 else root + 4
            self._add(2, at + beat, 0.9, self._pitch(degree, 3, raised=root == 4), 0.95)

    def _melody(self, at: float, root: int, degree: int) -> int:
        beat = 0.0
        while beat < self._piece.beats_per_bar:
            length = self._chance.choice({1: (1, 2), 2: (0.5, 1, 1), 4: (0.5, 0.25, 0.5, 1)}[self._density])
            if self._chance.random() < 0.85:
                on_beat = beat == int(beat)
                degree += self._chance.choice((-2, -1, -1, 0, 1, 1, 2))
                degree = min(max(degree, 4), 14)
                if on_beat:  # a tone of the chord
                    degree = min(
                        (d for d in range(3, 16) if (d - root) % 7 in (0, 2, 4)), key=lambda d: abs(d - degree)
                    )
                self._add(1, at + beat, length * 0.9, self._pitch(degree, 5, raised=root == 4))
            beat += length
        return degree

    def _drums(self, at: float, bar: int) -> None:
        beats = self._piece.beats_per_bar
        kick, snare, hat, crash = 36, 38, 42, 49
        for beat in range(beats):
            if self._groove == "four" or beat % 2 == 0:
                self._add(DRUMS, at + beat, 0.2, kick, 1.1)
            if (self._groove == "half" and beat == 2) or (self._groove != "half" and beat % 2 == 1):
                self._add(DRUMS, at + beat, 0.2, snare, 1.05)
            for part in {"shuffle": (0, 2 / 3)}.get(self._groove, (0, 0.5)):
                self._add(DRUMS, at + beat + part, 0.1, hat, 0.7)
        if bar % 8 == 1:
            self._add(DRUMS, at, 1.0, crash, 1.0)


def midi_bytes(piece: Piece) -> bytes:
    """A MIDI file of one track."""
    events: list[tuple[int, int, bytes]] = []
    for channel, program in piece.programs.items():
        events.append((0, 0, bytes((0xC0 | channel, program))))
    for note in piece.notes:
        start = round(note.start * TICKS_PER_BEAT)
        end = max(start + 1, round((note.start + note.length) * TICKS_PER_BEAT))
        events.append((start, 2, bytes((0x90 | note.channel, note.pitch, note.velocity))))
        events.append((end, 1, bytes((0x80 | note.channel, note.pitch, 0))))
    events.sort(key=lambda event: event[:2])
    track = bytearray(b"\x00\xff\x51\x03" + struct.pack(">I", round(60_000_000 / piece.bpm))[1:])
    now = 0
    for tick, _, message in events:
        track += _variable(tick - now) + message
        now = tick
    track += b"\x00\xff\x2f\x00"
    return (
        b"MThd" + struct.pack(">IHHH", 6, 0, 1, TICKS_PER_BEAT) + b"MTrk" + struct.pack(">I", len(track)) + bytes(track)
    )


def _variable(number: int) -> bytes:
    """MIDI's numbers of variable length."""
    parts = [number & 0x7F]
    while number := number >> 7:
        parts.append(number & 0x7F | 0x80)
    return bytes(reversed(parts))

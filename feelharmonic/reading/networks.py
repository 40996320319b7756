"""The networks that every listener shares, loaded once per process, and what they read of a photograph."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from feelharmonic.errors import SetupFault
from feelharmonic.params import Params
from feelharmonic.reading.crop import cut_crop
from feelharmonic.reading.expression import ExpressionReader
from feelharmonic.reading.expression_fer import FerReader
from feelharmonic.reading.face_finder import FaceFinder, Finder
from feelharmonic.reading.frame import decode_photograph
from feelharmonic.reading.group_expression import group_of
from feelharmonic.reading.messages import Expression, Face, Frame, Reading, SeenFace
from feelharmonic.reading.photograph_search import search_photograph

#: More faces than this in one frame are found but not read: a crowd must not slow everybody else down.
MOST_FACES_READ = 6

#: Of a photograph, for which somebody waits, so many are read.
MOST_FACES_READ_OF_PHOTOGRAPH = 60


class Reader(Protocol):
    """What every expression network offers."""

    def read_crops(self, crops: np.ndarray, labels: str | None = None) -> np.ndarray:
        """(N, 48, 48) uint8 grey → (N, 7) float32 that sum to 1; BadInput for anything else."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """What every listener shares: the face finder, the expression reader, the parameters. Safe between threads."""

    finder: Finder
    reader: Reader
    params: Params

    @classmethod
    def load(
        cls, params: Params | None = None, *, face_finder: str = "own", expression_backend: str = "onnx"
    ) -> Networks:
        """Load both networks. Raises SetupFault naming every fault of the parameters and the networks together."""
        faults: list[str] = []
        loaded = {}
        for name, load in {
            "params": lambda: params or Params.load(),
            "finder": lambda: FaceFinder.load(face_finder),
            "reader": lambda: load_reader(expression_backend),
        }.items():
            try:
                loaded[name] = load()
            except SetupFault as fault:
                faults.extend(fault.faults)
        if faults:
            raise SetupFault(faults)
        return cls(**loaded)

    def read_photograph(self, data: bytes) -> Reading:
        """Every face of one photograph (JPEG, PNG or WebP bytes), largest first, numbered from 1; no mood.

        ``expression`` is the largest face's, ``group`` what all of them show together. Raises BadFrame or TooLarge for
        bytes that are no such picture.
        """
        frame = decode_photograph(data)
        found = sorted(search_photograph(self.finder, frame.pixels_bgr), key=lambda face: -face.area_px)
        numbered = [replace(face, id=number) for number, face in enumerate(found, start=1)]
        faces = self.read_faces(frame, numbered, most=MOST_FACES_READ_OF_PHOTOGRAPH)
        return Reading(
            width_px=frame.width_px,
            height_px=frame.height_px,
            faces=faces,
            expression=faces[0].expression if faces else None,
            mood=None,
            group=group_of(faces),
        )

    def read_faces(self, frame: Frame, faces: list[Face], *, most: int = MOST_FACES_READ) -> tuple[SeenFace, ...]:
        """What each face shows, largest first; all crops go through the network in one run, ``most`` of them."""
        by_size = sorted(faces, key=lambda face: -face.area_px)
        read = by_size[:most]
        if not read:
            return ()
        crops = np.stack([cut_crop(frame.pixels_bgr, face) for face in read])  # (N, 48, 48) uint8
        probabilities = self.reader.read_crops(crops)  # (N, 7) float32
        seen = [
            SeenFace(face=face, expression=Expression(probabilities=tuple(float(value) for value in row)))
            for face, row in zip(read, probabilities, strict=True)
        ]
        return (*seen, *(SeenFace(face=face, expression=None) for face in by_size[most:]))


def load_reader(backend: str) -> Reader:
    """The expression network called ``backend``: "onnx" (ours) or "fer". Raises SetupFault where that fails."""
    if backend == "onnx":
        return ExpressionReader.load()
    if backend == "fer":
        return FerReader.load()
    raise SetupFault([f"EXPRESSION_BACKEND: expected 'onnx' or 'fer', got {backend!r}."])

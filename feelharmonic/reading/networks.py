"""The networks that all listeners share, loaded once per process, and reading the faces of one picture with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

import numpy as np

from feelharmonic.errors import SetupFault
from feelharmonic.params import Params
from feelharmonic.reading.baseline import appearance_of
from feelharmonic.reading.expression import ExpressionReader, LastReadings
from feelharmonic.reading.expression_fer import FerReader
from feelharmonic.reading.faces.crop import cut_crop, sharpness
from feelharmonic.reading.faces.face_cover import FaceCover
from feelharmonic.reading.faces.face_finder import FaceFinder, Finder
from feelharmonic.reading.faces.face_tracker import listener_index
from feelharmonic.reading.faces.photograph_search import search_photograph
from feelharmonic.reading.group_expression import group_of
from feelharmonic.reading.messages import Expression, Face, Frame, Reading, SeenFace
from feelharmonic.reading.pictures.frame import MAX_PHOTOGRAPH_BYTES, decode_photograph

#: The largest faces of a frame that are read. More are found but not read, so that a crowd slows nobody down.
MAX_FACES_READ = 6

#: The same for a photograph, which may take longer.
MAX_FACES_READ_IN_PHOTOGRAPH = 60

Loaded = TypeVar("Loaded")


class Reader(Protocol):
    """What every expression network offers."""

    def read_crops(self, crops: np.ndarray, labels: str | None = None) -> np.ndarray:
        """(N, 48, 48) uint8 grey → (N, 7) float32, rows summing to 1; BadInput for anything else."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """What all listeners share: the face finder, the expression reader, the parameters. Safe between threads."""

    finder: Finder
    reader: Reader
    params: Params
    cover: FaceCover = field(default_factory=FaceCover.load)

    @classmethod
    def load(
        cls, params: Params | None = None, *, face_finder: str = "own", expression_backend: str = "onnx"
    ) -> Networks:
        """Load both networks. Raises one SetupFault with every fault of parameters and networks."""
        faults: list[str] = []

        def attempt(load: Callable[[], Loaded]) -> Loaded | None:
            try:
                return load()
            except SetupFault as fault:
                faults.extend(fault.faults)
                return None

        loaded = params or attempt(Params.load)
        finder = attempt(lambda: FaceFinder.load(face_finder))
        reader = attempt(lambda: load_reader(expression_backend))
        cover = attempt(FaceCover.load)
        if loaded is None or finder is None or reader is None or cover is None:
            raise SetupFault(faults)
        return cls(finder=finder, reader=reader, params=loaded, cover=cover)

    def read_photograph(self, data: bytes, max_bytes: int = MAX_PHOTOGRAPH_BYTES) -> Reading:
        """Every face of one photograph (bytes as `decode_photograph` takes them), numbered from 1: the largest sure
        one, then by size; no mood.

        ``expression`` is the first face's, ``group`` what all of them show together. Raises BadFrame or TooLarge for
        bytes that are no such picture.
        """
        frame = decode_photograph(data, max_bytes)
        found = search_photograph(self.finder, frame.pixels_bgr)
        seen = self.read_faces(frame, found, max_read=MAX_FACES_READ_IN_PHOTOGRAPH)
        faces = tuple(replace(one, face=replace(one.face, id=number)) for number, one in enumerate(seen, start=1))
        return Reading(
            width_px=frame.width_px,
            height_px=frame.height_px,
            faces=faces,
            expression=faces[0].expression if faces else None,
            mood=None,
            group=group_of(faces),
        )

    def read_faces(
        self,
        frame: Frame,
        faces: list[Face],
        *,
        max_read: int = MAX_FACES_READ,
        listener_id: int | None = None,
        last: LastReadings | None = None,
    ) -> tuple[SeenFace, ...]:
        """Each face, the listener's first, then by size; the ``max_read`` largest with their expressions, read in one
        run of the network. ``listener_id``: the listener's in the frame before. ``last``: of a followed face; one that
        has not changed is not read again."""
        by_size = sorted(faces, key=lambda face: -face.area_px)
        read = by_size[:max_read]
        if not read:
            return tuple(SeenFace(face=face, expression=None) for face in by_size)
        crops = np.stack([cut_crop(frame.pixels_bgr, face) for face in read])  # (N, 48, 48) uint8
        readings = LastReadings() if last is None else last
        rows = readings.read(self.reader.read_crops, [face.id for face in read], crops)
        seen = [
            SeenFace(
                face=face,
                expression=Expression(probabilities=self.cover.softened(row, half)),
                appearance=appearance_of(crop),
                hidden=half,
            )
            for face, row, crop, half in zip(read, rows, crops, self.cover.hidden(crops), strict=True)
        ]
        listener = listener_index(read, [sharpness(crop) for crop in crops], listener_id) if len(read) > 1 else 0
        seen.insert(0, seen.pop(listener))
        return (*seen, *(SeenFace(face=face, expression=None) for face in by_size[max_read:]))


def load_reader(backend: str) -> Reader:
    """The expression network called ``backend``: "onnx" (ours) or "fer". Raises SetupFault where that fails."""
    if backend == "onnx":
        return ExpressionReader.load()
    if backend == "fer":
        return FerReader.load()
    raise SetupFault([f"EXPRESSION_BACKEND: expected 'onnx' or 'fer', got {backend!r}."])

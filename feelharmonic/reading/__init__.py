"""A picture becomes a mood: frame → face → expression → mood. Knows no music and no web.

Callers outside this package import from here.
"""

from feelharmonic.reading.expression import ExpressionReader
from feelharmonic.reading.face_finder import FaceFinder
from feelharmonic.reading.networks import Networks
from feelharmonic.reading.pipeline import Pipeline

__all__ = ["ExpressionReader", "FaceFinder", "Networks", "Pipeline"]

"""A picture becomes a mood: frame → face → expression → mood. Knows no music and no web.

Callers outside this package import from here alone.
"""

from feelharmonic.reading.baseline import relative_to_rest
from feelharmonic.reading.browser_constants import BROWSER_NETWORKS, constants_for_browser
from feelharmonic.reading.camera import CameraReader, CameraState
from feelharmonic.reading.expression import ExpressionReader
from feelharmonic.reading.faces.face_finder import FaceFinder
from feelharmonic.reading.messages import Expression, Face, Group, GroupShare, Mood, Reading, SeenFace
from feelharmonic.reading.networks import Networks
from feelharmonic.reading.pictures.frame import MAX_PHOTOGRAPH_BYTES, MAX_PHOTOGRAPH_FILE_BYTES, is_quick_frame
from feelharmonic.reading.pipeline import Pipeline, moods_of

__all__ = [
    "BROWSER_NETWORKS",
    "MAX_PHOTOGRAPH_BYTES",
    "MAX_PHOTOGRAPH_FILE_BYTES",
    "CameraReader",
    "CameraState",
    "Expression",
    "ExpressionReader",
    "Face",
    "FaceFinder",
    "Group",
    "GroupShare",
    "Mood",
    "Networks",
    "Pipeline",
    "Reading",
    "SeenFace",
    "constants_for_browser",
    "is_quick_frame",
    "moods_of",
    "relative_to_rest",
]

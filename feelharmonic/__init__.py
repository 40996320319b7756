"""Feelharmonic: music that fits your face, read on your own machine."""

import os

__version__ = "0.1.0"

# ONNX Runtime 1.29 and newer writes a device id and sends usage events to its maker unless this is set before its
# library is loaded. We promise that nothing is sent on, so it is off before any of our modules can import it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# OpenCV reports broken pictures on standard error in a form of its own; our log has one JSON object a line.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")

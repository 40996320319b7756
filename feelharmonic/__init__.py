"""Feelharmonic: music that fits your face, read on your own machine."""

__version__ = "0.1.0"

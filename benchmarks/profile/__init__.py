"""Processor time a frame by layer: the command is `python -m benchmarks.profile`."""

"""Runs the benchmark."""

from benchmarks.song_names import main

main()

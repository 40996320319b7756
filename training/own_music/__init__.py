"""Pieces with known tempo, key and mode, rendered to sound; what is fitted to them and to free recordings."""

"""Figures of one's own music."""

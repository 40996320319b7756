"""The sound of a file: decoded, measured, described in audio features. Knows no database."""

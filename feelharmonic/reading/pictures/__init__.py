"""A picture, checked by its bytes, decoded, and judged: too dark, covered, frozen."""

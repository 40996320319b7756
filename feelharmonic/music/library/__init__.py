"""One's own music: files found, understood, stored; tracks made of them. Knows no web."""

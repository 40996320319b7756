"""Tables of tracks as people have them: their text, their columns, their lines, and what is imported of them."""

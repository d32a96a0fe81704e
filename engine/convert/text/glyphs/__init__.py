"""Which characters glyphs stand for, by their fonts, their places and what is beside them, and in which order."""

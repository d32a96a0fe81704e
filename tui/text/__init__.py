"""What command and dashboard both print: numbers, glyphs, names of actions, exports. Draws no widget."""

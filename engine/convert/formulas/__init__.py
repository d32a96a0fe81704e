"""Formulas of a page as LaTeX, from the glyphs they are set in: which they are, and what they say."""

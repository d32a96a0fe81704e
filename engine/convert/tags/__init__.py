"""Reads pages by the structure that their author's program wrote into the PDF."""

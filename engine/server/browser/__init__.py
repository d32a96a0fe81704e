"""The dashboard in a browser: a page with a terminal in it, and the program that draws there."""

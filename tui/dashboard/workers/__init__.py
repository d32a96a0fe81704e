"""The workers as a living picture: what each has done in the last minutes, and the screen that shows it."""

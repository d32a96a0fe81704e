"""One screen or dialog a file, its style beside it."""

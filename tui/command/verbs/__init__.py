"""The commands that speak with a running engine: a file a verb, with its arguments and what it does."""

"""One job's way from its source to its results: the worker pool, and what becomes of pages that fail."""

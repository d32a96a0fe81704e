"""What runs inside a conversion process: the fork server, its tasks, and the chain of converters."""

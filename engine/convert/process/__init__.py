"""What runs inside a conversion process: the fork server, its tasks, batches of pages and the merge."""

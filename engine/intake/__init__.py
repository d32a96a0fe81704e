"""What comes in: hot folders that are watched, and files that are sent or named by hand. Converts nothing."""

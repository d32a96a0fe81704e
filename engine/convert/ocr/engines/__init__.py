"""What reads text in pictures: one module for each engine, and what they have in common."""

"""What stands before every route: who gets in, by which name, and what one request may cost."""

"""What a look at a page shows before it is read: which way its text lies, and what of it nobody can see."""

"""What a job is and what is said of it: frozen data, checked by the type system. No I/O, no threads."""

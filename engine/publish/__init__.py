"""What goes out: results appear whole in the output folder, with their manifest; what becomes of the source."""

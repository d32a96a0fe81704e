"""One widget a file, its style beside it. Widgets show the model and tell what was chosen; they change no job."""

"""Where a plug-in's code enters: loaded by name in conversion processes, and nowhere else."""

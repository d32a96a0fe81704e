"""The seam to whatever converts: what is asked of a backend, how both sides speak, and the backends. Parses nothing."""

"""The seam to whatever converts: the protocol, and the processes that speak it. Parses no document itself."""

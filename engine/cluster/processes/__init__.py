"""The processes that Dask is loaded in, and no other is: its scheduler, the engine's bridge to it, and a node."""

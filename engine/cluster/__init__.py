"""Page batches on other machines: what the engine asks of nodes, and the one process that speaks with them for it."""

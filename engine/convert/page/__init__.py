"""The page as data: the page model of a checkpoint, and the blocks all outputs are made from. Reads nothing."""

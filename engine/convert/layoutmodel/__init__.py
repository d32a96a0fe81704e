"""The library's layout model, run at a part of its cost: a slimmer graph, and maps looked at where the boxes are."""

"""A page that is looked at: the part of it in sight, its picture in cells, and the blocks that it is made of."""

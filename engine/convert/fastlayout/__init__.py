"""Lays pages out by the places, fonts and rules on them alone: the blocks that a model would find, without one."""

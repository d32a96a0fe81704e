"""The steps that mend what was read: of one page in the batch, of the whole document in the merge."""

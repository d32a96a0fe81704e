"""Inputs made up by a fuzzer that is guided by coverage, against whatever reads what others have written."""

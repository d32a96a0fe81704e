"""Tests with a real scheduler of Dask's and real nodes, each a process: `make test-cluster`, and not `make test`."""

"""Clients of others, in an environment of their own, against a real service: `make test-clients`."""

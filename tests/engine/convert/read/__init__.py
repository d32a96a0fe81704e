"""Tests of engine.convert.read."""

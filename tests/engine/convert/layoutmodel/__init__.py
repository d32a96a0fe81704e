"""Tests of engine.convert.layoutmodel."""

"""Tests of engine.convert.fastlayout."""

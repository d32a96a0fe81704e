"""Measurements of speed and memory, and the comparison with the library. Run by hand, never in CI's pass or fail.

`python -m benchmarks` runs them and writes `docs/performance.md`; `python -m benchmarks.identical DIR` compares
outputs. Each benchmark is a module with a `measure(lab)`. What must run in a process of its own is in `subject` (the
engine's side) and `peer` (the library's side, which imports nothing of ours so that its start-up is its own).
"""

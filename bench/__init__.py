"""Benchmarks: ratios against the naive way and named peers, measured in one run."""

import charassets  # noqa: F401 - before NumPy: it sets how the threads of matrix products wait

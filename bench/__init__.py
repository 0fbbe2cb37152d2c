"""Benchmarks: ratios against the naive way and named peers, measured in one run."""

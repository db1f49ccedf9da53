"""Benchmarks: each prints ratios from one interleaved run, never bare times to compare between machines.

``python -m tests.benchmarks [NAME …]`` runs them; without names, the short ones.
"""

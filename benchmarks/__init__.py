"""`python -m benchmarks.<name>`: every figure that README and docs quote. Tables for people, --json for machines.

Nothing here is imported by the app. These machines differ and are shared: compare within one run, by medians.
"""

"""``make bench``: the platform against the ceilings of its own machine, in one run; writes docs/benchmarks.md."""

"""How figures grow with workers and machines, simulated: the command is `python -m benchmarks.scale`."""

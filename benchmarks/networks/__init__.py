"""What the networks cost by themselves: `python -m benchmarks.networks.batches`."""

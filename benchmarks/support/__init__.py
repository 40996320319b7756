"""What several benchmarks share: times and tables, servers and listeners, a moving face."""

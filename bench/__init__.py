"""Benchmarks: the product's verbs beside raw SQL that leaves the same things durable."""

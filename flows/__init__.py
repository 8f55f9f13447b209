"""Prefect: the clock and the window."""

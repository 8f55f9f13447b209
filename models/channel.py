"""Channels that the hospital added itself."""

"""Replies by mail that were read."""

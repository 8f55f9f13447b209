"""Tests of the door: hostile words, secrets, routes."""

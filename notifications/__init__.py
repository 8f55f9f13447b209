"""Voices: render and deliver; never decides whether, only how."""

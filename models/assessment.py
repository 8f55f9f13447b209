"""Aims of cycles, sealed baselines, assessments and watches."""

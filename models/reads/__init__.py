"""The reads behind models.queries, one subject a file; callers import from models.queries."""

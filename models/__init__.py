"""Nouns: tables, statuses, the arrows between them, named reads, migrations."""

"""Verbs: one public function is one thing that happens, in the caller's transaction."""

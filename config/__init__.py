"""What a hospital edits: settings, YAML and the shapes that read it."""

"""The `wardcycle` command; starts flows and web."""

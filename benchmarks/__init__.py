"""How fast the desk is, how that changes with its size, and where it stands beside its targets. README.md says how."""

"""The host's side of USB."""

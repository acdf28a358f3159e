"""What a board has, each by the name of its entry: consoles, flash chips, pins."""

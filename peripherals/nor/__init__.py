"""NOR flash chips."""

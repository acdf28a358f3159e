"""Blocks that belong to Arm's cores."""

"""Platforms as Renode platform descriptions: one per SoC, one per board."""

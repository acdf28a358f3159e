"""A board in simulation: from what a user asks for to the machine, its files and snapshots."""

"""SD cards, and what a host controller asks of one."""

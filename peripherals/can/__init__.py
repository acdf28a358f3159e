"""The CAN bus and who is on it, whatever the controller."""

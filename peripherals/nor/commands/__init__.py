"""What commands do, shared by makers: each part of a chip with its handlers and its table."""

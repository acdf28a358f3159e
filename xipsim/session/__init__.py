"""An engine at work: what asks it, what it says, and what ends its runs."""

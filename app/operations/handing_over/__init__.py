"""A leaver's hand-over: everything that he has or is part of goes to others at once (XFER-6)."""

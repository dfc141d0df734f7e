"""The calendar of what is planned, one's own or one's people's (TASK)."""

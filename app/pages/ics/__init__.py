"""Events for other calendars: one as a file, one's own at a secret address (EVT)."""

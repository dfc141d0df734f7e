"""Work that takes longer than a request (BULK-3): kinds of jobs, the runner, and what drives it."""

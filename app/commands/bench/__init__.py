"""``flask crm bench``: the real server against the floor under it, in one run (performance.md).

``database`` fills a database of its own, ``site`` is what the server serves, ``floor`` the least
that any program had to do for the same rows, ``measures`` what is asked, ``runner`` asks it.
"""

HEADER = "X-Statements"
"""The answer's header with its number of statements, in the bench's own server only."""

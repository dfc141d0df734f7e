"""Which device a session belongs to, in words that a person recognises his own by."""

BROWSERS = (
    ("MicroMessenger/", "WeChat"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
"""What a browser's own name looks like among those it also claims to be; the first one counts."""
SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def device(agent: str) -> str:
    """Browser and system of a ``User-Agent`` header; what is neither is given as it is."""
    found = [_first(BROWSERS, agent), _first(SYSTEMS, agent)]
    return " · ".join(name for name in found if name) or agent


def _first(names: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((name for mark, name in names if mark in agent), "")

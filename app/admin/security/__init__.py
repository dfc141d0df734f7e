"""Accounts: passwords, sessions, throttle, headers and the pages about them.

The adapter between the generator's security manager and ``app.store.accounts``.
"""

from flask import Flask

from app import secrets
from app.admin.security import headers, requests, trace


def install(app: Flask) -> None:
    """Keys, then numbers and log lines, then headers, then the door: before the generator starts.

    Makes the keys of this instance when the settings bring none (R18); issues no SQL.
    """
    app.config.update(secrets.instance_keys(app.config))
    trace.install(app)
    headers.install(app)
    requests.install(app)

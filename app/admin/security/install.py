"""Ties everything about accounts to an application, in the order in which it must run."""

from flask import Flask

from app.admin.security import headers, requests, trace


def install(app: Flask) -> None:
    """Numbers and log lines first, then headers, then the door. Before the generator starts."""
    trace.install(app)
    headers.install(app)
    requests.install(app)

"""Which engine drives the jobs of an application."""

from flask import Flask

from app.jobs.queue import EXTENSION
from app.jobs.threads import Threads


def install(app: Flask) -> None:
    """Choose the engine; its threads start with the first request, after any fork."""
    engine = Threads(app, app.config["CRM_JOB_THREADS"])
    app.extensions[EXTENSION] = engine
    app.before_request(engine.start)

"""Which engine drives the jobs of an application: ``CRM_JOBS`` says it."""

from flask import Flask

from app.jobs.queue import EXTENSION, Engine
from app.jobs.threads import Threads


def install(app: Flask) -> None:
    """Choose the engine; threads start with the first request, after any fork."""
    engine: Engine = Threads(app, app.config["CRM_JOB_THREADS"])
    if app.config["CRM_JOBS"] == "workers":
        from app.jobs.workers import Workers  # a quarter of a second that nobody else should wait

        engine = Workers(app)
    app.extensions[EXTENSION] = engine
    app.before_request(engine.start)

"""``flask crm worker``: a process that does background jobs, and what is due by the clock."""

import logging

import click
from flask import current_app
from flask.cli import with_appcontext

from app.jobs.clock import clock_of
from app.jobs.queue import engine


@click.command("worker")
@click.option("--concurrency", type=click.IntRange(1, 32), default=2, show_default=True)
@with_appcontext
def worker(concurrency: int) -> None:
    """Do background jobs, and what is due, until stopped.

    Any number of workers, on any host with the database.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    click.echo(f"working, {concurrency} jobs at a time", err=True)
    ticking = clock_of(current_app)
    ticking.start()
    try:
        engine().work(concurrency)
    finally:
        ticking.stop()
    click.echo("stopped", err=True)

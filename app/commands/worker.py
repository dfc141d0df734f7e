"""``flask crm worker``: a process that does background jobs and nothing else."""

import logging

import click
from flask.cli import with_appcontext

from app.jobs.queue import engine


@click.command("worker")
@click.option("--concurrency", type=click.IntRange(1, 32), default=2, show_default=True)
@with_appcontext
def worker(concurrency: int) -> None:
    """Do background jobs until stopped; any number of workers, on any host with the database."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    click.echo(f"working, {concurrency} jobs at a time", err=True)
    engine().work(concurrency)
    click.echo("stopped", err=True)

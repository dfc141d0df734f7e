"""The engine of several machines: workers of their own, led by Procrastinate on PostgreSQL."""

import asyncio
import contextlib
import signal
from threading import Event

from flask import Flask
from procrastinate import App, PsycopgConnector, RetryStrategy
from sqlalchemy.engine import make_url

from app.jobs.collector import pass_over_the_program
from app.jobs.runner import Runner
from app.store import jobs, worker_queue

SILENCE = 20.0
"""Seconds without a sign of life after which a worker's jobs are given to others."""
LAST_CHUNK = 10.0
"""Seconds that the chunks under way have to end when the worker is stopped."""


class Unfinished(Exception):  # noqa: N818 - not a fault: somebody has to come back to it
    """The job is still open: this worker was stopped, or another one holds it."""


class Workers:
    """Web processes only queue; ``flask crm worker`` does the work."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._stop = Event()

    def defer(self, number: int) -> None:
        """Queue it, in the transaction under way."""
        worker_queue.put(number)

    def start(self) -> None:
        """The work is done elsewhere."""

    def stop(self) -> None:
        """End after the chunks under way; other workers go on with them."""
        self._stop.set()

    def work(self, concurrency: int) -> None:
        """Do nothing else, so many jobs at a time, until a signal ends it."""
        pass_over_the_program()
        asyncio.run(self._work(concurrency))

    async def _work(self, concurrency: int) -> None:
        queue = self._queue()
        async with queue.open_async():
            work = asyncio.create_task(
                queue.run_worker_async(
                    queues=[worker_queue.NAME],
                    concurrency=concurrency,
                    delete_jobs="successful",
                    install_signal_handlers=False,
                    shutdown_graceful_timeout=LAST_CHUNK,
                    update_heartbeat_interval=SILENCE / 4,
                    stalled_worker_timeout=SILENCE,
                )
            )

            def end() -> None:
                self.stop()
                work.cancel()

            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, end)
            with contextlib.suppress(asyncio.CancelledError):
                await work

    def _queue(self) -> App:
        """Procrastinate's view of our queue: one task, and a look for what dead workers left."""
        url = make_url(self._app.config["SQLALCHEMY_DATABASE_URI"]).set(drivername="postgresql")
        conninfo = url.render_as_string(hide_password=False)
        queue = App(connector=PsycopgConnector(conninfo=conninfo))
        again = RetryStrategy(wait=5)
        queue.task(name=worker_queue.TASK, queue=worker_queue.NAME, retry=again)(self._do)

        @queue.periodic(cron="* * * * * */10")  # the seconds stand last
        @queue.task(name="crm.stalled", queue=worker_queue.NAME)
        async def stalled(timestamp: int) -> None:
            found = await queue.job_manager.get_stalled_jobs(seconds_since_heartbeat=SILENCE)
            for left in found:
                await queue.job_manager.retry_job(left)

        return queue

    def _do(self, number: int) -> None:
        """Do a job; until it is closed the queue brings it back every few seconds."""
        Runner(self._app, self._stop).run(number)
        with self._app.app_context():
            if jobs.is_closed(number):
                return
        raise Unfinished(number)

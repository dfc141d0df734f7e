"""A firewall between the product and its database that drops what would come back (C93).

Root gives the calling thread a network of its own with one other host; a relay there passes
everything on to the database. The machine's network stays as it is: browsers of other tests would
drop what they load if an address came or went. ``python -m tests.support.firewall ADDRESS SOCKET``
is the relay; it prints its port and ends with its standard input.
"""

import asyncio
import ctypes
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Timer

from tests.support.privileges import program

PATIENCE = 30
"""Seconds; the product promises an answer after three."""
ROOT = Path(__file__).resolve().parents[2]
CLONE_NEWNET = 0x40000000
"""Of Linux' ``sched.h``: a network of one's own."""


class Firewall:
    """The way to the socket of a server in this folder; PermissionError where none can be made.

    It is there for the thread that makes it, and for the threads and processes this one starts.
    """

    def __init__(self, folder: str) -> None:
        number, self._is_closed = os.getpid(), False
        self._space, self._near, self._far = f"haina{number}", f"hn{number}a", f"hn{number}b"
        network = f"10.{100 + number // 250 % 100}.{number % 250}"
        self._product, self.host = f"{network}.1", f"{network}.2"
        self._outside = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            _enter(ctypes.CDLL(None, use_errno=True).unshare, CLONE_NEWNET)
            self._make(folder)
        except BaseException:
            self._leave()
            raise

    def _make(self, folder: str) -> None:
        with suppress(PermissionError):  # what a killed process of that number has left
            self._ip("netns", "delete", self._space)
        self._ip("netns", "add", self._space)
        try:
            more = ("peer", "name", self._far, "netns", self._space)
            self._ip("link", "add", self._near, "type", "veth", *more)
            self._ip("address", "add", f"{self._product}/30", "dev", self._near)
            self._ip("link", "set", self._near, "up")
            self._ip("-n", self._space, "address", "add", f"{self.host}/30", "dev", self._far)
            self._ip("-n", self._space, "link", "set", self._far, "up")
            self._relay = self._started(folder)
        except BaseException:
            self._ip("netns", "delete", self._space)
            raise
        assert self._relay.stdout is not None
        self.port = int(self._relay.stdout.readline())

    def _started(self, folder: str) -> "subprocess.Popen[bytes]":
        relay = [sys.executable, "-m", "tests.support.firewall", self.host, folder]
        return subprocess.Popen(
            [program("ip"), "netns", "exec", self._space, *relay],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def drop(self) -> None:
        """From now on nothing comes back, not even that something has arrived.

        Whoever waits too long for an answer gets it after all, so that his test can fail.
        """
        self._ip("-n", self._space, "route", "add", "blackhole", self._product)
        self._is_closed, self._relief = True, Timer(PATIENCE, self._pass)
        self._relief.start()

    def open(self) -> None:
        """Let everything pass."""
        self._relief.cancel()
        self._relief.join()
        if self._is_closed:
            self._pass()

    def _pass(self) -> None:
        self._ip("-n", self._space, "route", "delete", "blackhole", self._product)
        self._is_closed = False

    def close(self) -> None:
        """Away with the network and whoever is in it."""
        try:
            if self._is_closed:
                self.open()
            self._relay.communicate(b"")
            self._ip("netns", "delete", self._space)
        finally:
            self._leave()

    def _leave(self) -> None:
        """Back into the network that everybody is in; ours goes with its last thread."""
        _enter(ctypes.CDLL(None, use_errno=True).setns, self._outside, CLONE_NEWNET)
        os.close(self._outside)

    @staticmethod
    def _ip(*what: str) -> None:
        done = subprocess.run([program("ip"), *what], capture_output=True, check=False)
        if done.returncode:
            raise PermissionError(done.stderr.decode().strip())


def _enter(call: Callable[..., int], *arguments: int) -> None:
    if call(*arguments):
        raise PermissionError(os.strerror(ctypes.get_errno()))


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while some := await source.read(65_536):
            target.write(some)
            await target.drain()
    target.close()


async def relay(host: str, folder: str) -> None:
    """Pass everything on until standard input ends."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")
        await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))

    async with await asyncio.start_server(connected, host, 0) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)
        os._exit(0)  # whoever is connected


if __name__ == "__main__":
    asyncio.run(relay(*sys.argv[1:]))

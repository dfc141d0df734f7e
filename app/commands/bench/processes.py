"""CPU time and memory of processes, where the system tells (Linux); nothing elsewhere."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

LOOK = 0.05
"""Seconds between two looks at the memory of processes."""


def cpu_seconds(pids: Iterable[int]) -> float | None:
    """What these processes have run so far, all their threads together; None when unknown."""
    total, is_known = 0, False
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            try:
                total += int(task.read_text().split()[0])
                is_known = True
            except (OSError, ValueError, IndexError):
                continue  # it ended while we looked
    return total / 1e9 if is_known else None


def resident_mib(pid: int) -> float | None:
    """The memory that a process has in RAM."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    found = next((line.split()[1] for line in lines if line.startswith("VmRSS:")), None)
    return int(found) / 1024 if found else None


@contextmanager
def growth(pids: Sequence[int]) -> Iterator[list[float]]:
    """By how many MiB each of these processes has grown at most; told when the block is over."""
    begun = {pid: mib for pid in pids if (mib := resident_mib(pid)) is not None}
    most, over, told = dict(begun), Event(), list[float]()

    def look() -> None:
        while not over.wait(LOOK):
            for pid in begun:
                most[pid] = max(most[pid], resident_mib(pid) or 0.0)

    watcher = Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield told
    finally:
        over.set()
        watcher.join()
        told += [most[pid] - begun[pid] for pid in begun]

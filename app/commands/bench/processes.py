"""CPU time and memory of processes, where the system tells (Linux); nothing elsewhere."""

from collections.abc import Iterable
from pathlib import Path


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

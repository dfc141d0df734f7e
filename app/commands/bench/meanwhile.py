"""Pages while a job runs: what somebody feels of the work that somebody else has begun."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median

from app.commands.bench.client import Answer, Client

PAGES = 40
"""So many are opened while nothing else is done."""
BETWEEN = 4
"""Pages between two looks at the job."""


@dataclass
class Meanwhile:
    """A page, opened again and again: first at rest, then while the job runs that is started."""

    path: str
    start: Callable[[Client], Answer]
    seconds_at_rest: float = 0.0

    def ask(self, client: Client) -> Answer:
        """The page during the job; its seconds are the median. RuntimeError when the job fails."""
        self.seconds_at_rest = median(client.get(self.path).seconds for _ in range(PAGES))
        job = json.loads(self.start(client).body)["job_id"]
        seconds: list[float] = []
        while True:
            answers = [client.get(self.path) for _ in range(BETWEEN)]
            seconds += [answer.seconds for answer in answers]
            state = json.loads(client.get(f"/api/v1/jobs/{job}").body)["state"]
            if state not in ("queued", "running"):
                break
        if state != "done":
            raise RuntimeError(f"a job is {state}")
        return replace(answers[-1], seconds=median(seconds))

    def least(self) -> float:
        """The median at rest."""
        return self.seconds_at_rest

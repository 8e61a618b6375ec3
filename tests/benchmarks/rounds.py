"""Contestants take turns, so that whatever else the machine does meets them all; medians over the rounds."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median


@dataclass
class Contestant:
    """One way to do a job.

    Attributes:
        name: Its row in the table.
        play: Does the job once and gives the seconds it took.
        seconds: What each round took.
    """

    name: str
    play: Callable[[], float]
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Seconds of the middle round."""
        return median(self.seconds)

    def ratio(self, other: Contestant) -> float:
        """How many times as long as the other this takes: the middle one of the rounds' own ratios."""
        return median(mine / theirs for mine, theirs in zip(self.seconds, other.seconds, strict=True))


def clocked(job: Callable[[], object]) -> Callable[[], float]:
    """A job in this process, with its seconds; what it gives is freed after the clock has stopped."""

    def play() -> float:
        gc.collect()  # the last contestant's garbage is not this one's; collecting stays on, as users have it
        start = time.perf_counter()
        result = job()
        elapsed = time.perf_counter() - start
        del result
        return elapsed

    return play


def compete(contestants: list[Contestant], rounds: int, warm_up: int = 1) -> None:
    """Let them take turns; each round begins with another one, so that none has a fixed neighbour."""
    for _ in range(warm_up):
        for contestant in contestants:
            contestant.play()
    for number in range(rounds):
        shift = number % len(contestants)
        for contestant in contestants[shift:] + contestants[:shift]:
            contestant.seconds.append(contestant.play())

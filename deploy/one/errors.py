"""What can stop the machine from starting, said together with what to do about it."""

from __future__ import annotations


class StartError(Exception):
    """A part can't start. `remedy` tells the person at the keyboard what to do next."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}\n  {remedy}")
        self.problem = problem
        self.remedy = remedy

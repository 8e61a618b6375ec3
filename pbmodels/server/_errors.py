"""What can go wrong with an embedded server.

EmbeddedServerError
├── ServerBinaryNotFound    no `pocketbase` executable on this machine
├── ServerStartError        it ended early, refused its arguments or was not healthy in time
│   └── PortInUse           the wanted port belongs to another program
└── ServerNotRunning        asked for something that only a running server has
"""

from __future__ import annotations

from collections.abc import Sequence

from pbmodels._errors import PocketBaseError


class EmbeddedServerError(PocketBaseError):
    """Base of all errors of `pbmodels.server`."""


class ServerBinaryNotFound(EmbeddedServerError):
    """There is no PocketBase executable where one was looked for.

    Args:
        looked_in: the places that were tried, in order, as text for people.
    """

    def __init__(self, looked_in: Sequence[str]) -> None:
        self.looked_in = tuple(looked_in)
        super().__init__(
            "No PocketBase executable was found. Looked for: "
            + "; ".join(self.looked_in)
            + ". Install one with: pip install 'pbmodels[server]'"
        )


class ServerStartError(EmbeddedServerError):
    """The server did not come up; what was started has been ended again.

    Args:
        reason: one sentence.
        exit_code: what the process ended with, None if it had to be ended.
        output: the last lines it wrote, shown below the sentence.
    """

    def __init__(self, reason: str, *, exit_code: int | None = None, output: Sequence[str] = ()) -> None:
        self.reason = reason
        self.exit_code = exit_code
        self.output = tuple(output)
        lines = [reason]
        if self.output:
            lines.append("The last lines of its output:")
            lines.extend(f"    {line}" for line in self.output)
        super().__init__("\n".join(lines))


class PortInUse(ServerStartError):
    """Another program holds the port that the server was to listen on."""


class ServerNotRunning(EmbeddedServerError):
    """The server has not been started, or has ended."""

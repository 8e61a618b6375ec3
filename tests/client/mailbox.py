"""An SMTP server that keeps the mails it gets."""

from __future__ import annotations

import asyncio
import re
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP


class Mailbox:
    """Listens on loopback in a thread of its own."""

    host = "127.0.0.1"

    def __init__(self) -> None:
        self._mails: list[tuple[str, EmailMessage]] = []
        self._arrived = threading.Condition()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """What aiosmtpd calls with each mail."""
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        with self._arrived:
            self._mails += [(address, mail) for address in envelope.rcpt_tos]
            self._arrived.notify_all()
        return "250 OK"

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        server = await self._loop.create_server(lambda: SMTP(self, hostname="localhost"), self.host, 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        server.close()

    def next(self, address: str, timeout: float = 15) -> str:
        """The text of the next mail to this address, as HTML; it is taken out."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: any(to == address for to, _ in self._mails), timeout), "no mail came"
            found = next(pair for pair in self._mails if pair[0] == address)
            self._mails.remove(found)
        body = found[1].get_body(("html",))
        assert body is not None
        return str(body.get_content())

    def token(self, address: str) -> str:
        """The token in the link of the next mail to this address."""
        found = re.search(r"/auth/confirm-[a-z-]+/([^\"]+)\"", self.next(address))
        assert found is not None
        return found[1]

    def one_time_password(self, address: str) -> str:
        """The password in the next mail to this address."""
        found = re.search(r"<strong>(\d+)</strong>", self.next(address))
        assert found is not None
        return found[1]

    def __enter__(self) -> Mailbox:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

"""A live query in the terminal: `python examples/live_dashboard.py`.

A shop changes its orders several times a second. The table shows the dearest that are open, always in step with the
server, which is killed and started again every few seconds: watch the connection break, and what was missed come back.
It starts a real PocketBase in a temporary folder, and leaves nothing behind. Ctrl-C ends it.
"""

import argparse
import random
import time
from collections import Counter
from contextlib import suppress
from datetime import datetime
from threading import Event, Thread
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pbmodels import Collection, ConnectionFailed, Field, PocketBase, PocketBaseServer, ServerError, autodate, using
from pbmodels.schema import push

SHOWN = 12
COLOURS = {"create": "green", "enter": "green", "update": "yellow", "leave": "magenta", "delete": "red"}


class Order(Collection, collection="orders"):
    customer: Field[str]
    total: Field[float]
    state: Field[Literal["open", "paid", "sent"]]
    created: Field[datetime] = autodate()
    updated: Field[datetime] = autodate(on_update=True)


class Shop:
    """Makes orders and changes them, whether the server is there or not."""

    def __init__(self, pb: PocketBase) -> None:
        self.pb = pb
        self.ended = Event()
        self.changes = 0

    def run(self) -> None:
        with using(self.pb):
            while not self.ended.wait(0.04):
                with suppress(ConnectionFailed, ServerError):
                    self.change()
                    self.changes += 1

    def change(self) -> None:
        if random.random() < 0.6:
            customer = random.choice(["Ann", "Bea", "Cem", "Dov", "Eve", "Fay"])
            Order.create(customer=customer, total=round(random.uniform(5, 500), 2), state="open")
        elif order := Order.where(Order.state == "open").order_by(-Order.total)[:20].first():
            order.state = random.choice(["paid", "sent"])
            order.save()


class Keeper:
    """Kills the server now and then, and starts it again."""

    def __init__(self, server: PocketBaseServer, pause: float) -> None:
        self.server = server
        self.pause = pause
        self.ended = Event()
        self.is_down = False
        self.kills = 0

    def run(self) -> None:
        while not self.ended.wait(self.pause):
            self.is_down = True
            self.kills += 1
            self.server.kill()
            self.ended.wait(1.0)
            self.server.start()
            self.is_down = False


class Dashboard:
    """What is shown."""

    def __init__(self, pb: PocketBase, shop: Shop, keeper: Keeper) -> None:
        self.pb, self.shop, self.keeper = pb, shop, keeper
        self.counts: Counter[str] = Counter()
        self.recovered = 0
        self.touched: dict[str, tuple[str, float]] = {}

    def take(self, action: str, order: Order, recovered: bool) -> None:
        self.counts[action] += 1
        self.recovered += recovered
        self.touched[order.id] = (action, time.monotonic())

    def picture(self, orders: list[Order]) -> Panel:
        table = Table(box=SIMPLE_HEAD, expand=True)
        for heading in ("order", "customer", "since"):
            table.add_column(heading)
        table.add_column("total", justify="right")
        for order in orders:
            action, moment = self.touched.get(order.id, ("", 0.0))
            style = COLOURS.get(action, "") if time.monotonic() - moment < 1.0 else ""
            since = f"{order.created.astimezone():%H:%M:%S}"
            table.add_row(order.id, order.customer, since, f"{order.total:,.2f}", style=style)
        return Panel(Group(self.state(), table, self.figures()), title="Open orders, the dearest first")

    def state(self) -> Text:
        server = Text(" server down ", "bold white on red") if self.keeper.is_down else Text(" server up ", "on green")
        connected = self.pb.realtime.is_connected
        client = Text(" connected ", "on green") if connected else Text(" connecting again ", "bold black on yellow")
        return Text("  ").join([server, client])

    def figures(self) -> Text:
        shown = [f"{count} {action}" for action, count in sorted(self.counts.items())]
        made = f"{self.shop.changes} changes made, {self.keeper.kills} times killed"
        return Text(f"{made}\n{', '.join(shown)}; {self.recovered} recovered after a break", "dim")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="end after so long")
    parser.add_argument("--kill-every", type=float, default=6.0, help="seconds from one kill to the next")
    options = parser.parse_args()
    console = Console(highlight=False)
    with PocketBaseServer() as server, server.client() as pb, server.client() as shop_pb, using(pb):
        push(pb, Order)
        shop, keeper = Shop(shop_pb), Keeper(server, options.kill_every)
        dashboard = Dashboard(pb, shop, keeper)
        threads = [Thread(target=work.run, daemon=True) for work in (shop, keeper)]
        query = Order.where(Order.state == "open").order_by(-Order.total)[:SHOWN]
        end = time.monotonic() + options.seconds
        with query.live() as orders, Live(console=console, auto_refresh=False) as screen, suppress(KeyboardInterrupt):
            for thread in threads:
                thread.start()
            while time.monotonic() < end:
                change = orders.wait(0.1)
                if change is not None:
                    dashboard.take(change.action, change.record, change.recovered)
                screen.update(dashboard.picture(orders.snapshot()), refresh=console.is_terminal)
            keeper.ended.set()
            shop.ended.set()
            for thread in threads:
                thread.join()
            screen.update(dashboard.picture(orders.snapshot()), refresh=True)


if __name__ == "__main__":
    main()

"""A query in several processes with Dask: `python examples/partitions_dask.py`.

It starts a real PocketBase in a temporary folder, and leaves nothing behind. It needs `pip install dask`.
"""

from collections import Counter

from dask.base import compute
from dask.delayed import delayed

from pbmodels import Collection, Field, PocketBaseServer, QuerySet, connect, field
from pbmodels.schema import push


class Order(Collection, collection="orders"):
    region: Field[str]
    cents: Field[int] = field(default=0)


def totals(part: QuerySet[Order]) -> Counter[str]:
    """What a worker does with its part: the sum for each region, in constant memory."""
    found: Counter[str] = Counter()
    for region, cents in part.values_list(Order.region, Order.cents):
        found[region] += cents
    return found


def main() -> None:
    with PocketBaseServer() as server, server.client() as pb:
        connect(pb)
        push(pb, Order)
        pb.settings.update({"batch": {"enabled": True, "maxRequests": 1000}})
        regions = ("north", "east", "south", "west")
        Order.bulk_create(Order(region=regions[number % 4], cents=number) for number in range(2000))

        # The parts take the address and the token along to the workers, which are processes of our own here.
        # Where others could read them, leave carry_token out and call connect() in the workers.
        parts = Order.where().partitions(4, carry_token=True)
        print(f"{Order.count():,} orders in {len(parts)} partitions")

        work = [delayed(totals)(part) for part in parts]
        found = compute(*work, scheduler="processes", num_workers=2)
        for region, cents in sorted(sum(found, Counter[str]()).items()):
            print(f"{region}: {cents / 100:,.2f}")


if __name__ == "__main__":
    main()

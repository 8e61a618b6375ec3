"""`make test-faults`: storms of many seeds, and what was lost in them."""

from __future__ import annotations

import argparse
import sys

from tests.faults.storm import Storm, rage

COLUMNS = (
    "seed",
    "flavour",
    "changes",
    "cuts",
    "kills",
    "renewals",
    "events",
    "recovered",
    "suppressed",
    "brief",
    "lost",
)


def main() -> int:
    """Run the storms and print a line for each; the number of those that lost something."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="how many storms")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--changes", type=int, default=2000, help="changes in a storm")
    parser.add_argument("--faults", type=int, default=30, help="faults in a storm")
    options = parser.parse_args()
    print(" ".join(f"{name:>10}" for name in COLUMNS), "   seconds", flush=True)
    storms: list[Storm] = []
    failures = 0
    for seed in range(options.first, options.first + options.seeds):
        try:
            storm = rage(seed, changes=options.changes, faults=options.faults)
        except AssertionError as error:
            failures += 1
            print(f"{seed:>10} FAILED: {error}", flush=True)
            continue
        storms.append(storm)
        print(" ".join(f"{getattr(storm, name):>10}" for name in COLUMNS), f"{storm.seconds:10.1f}", flush=True)
    totals = {name: sum(getattr(storm, name) for storm in storms) for name in COLUMNS[2:]}
    print(", ".join(f"{total} {name}" for name, total in totals.items()), f"in {len(storms)} storms; {failures} failed")
    print("suppressed: came again or too late; brief: records that came and went while the line was broken")
    return failures


if __name__ == "__main__":
    sys.exit(bool(main()))

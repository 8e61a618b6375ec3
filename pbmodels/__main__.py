"""`python -m pbmodels` and the console script `pbmodels`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; without the packages that it needs, say how to get them."""
    try:
        from pbmodels import cli

        cli.main()
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in {"typer", "rich"}:
            raise
        sys.exit(f"The pbmodels command needs {missing}. Install it with: pip install 'pbmodels[cli]'")


if __name__ == "__main__":
    main()

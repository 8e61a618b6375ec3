"""How fast pbmodels is, as ratios against raw httpx and against other PocketBase clients: `make bench`."""

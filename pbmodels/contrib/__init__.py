"""pbmodels in other people's frameworks; each module needs the framework of its name."""

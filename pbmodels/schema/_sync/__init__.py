# Generated from pbmodels/schema/_async/__init__.py by .ci/unasync.py: edit that file and run `make generate`.

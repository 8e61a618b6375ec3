# Generated from pbmodels/models/_async/__init__.py by .ci/unasync.py: edit that file and run `make generate`.

"""Records in files: what `pbmodels export` and `pbmodels import` are made of."""

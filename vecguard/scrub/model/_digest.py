"""The SHA-256 of `en/manifest.json`, which lists those of all other files. Written by `make model`."""

MANIFEST_SHA256 = "f5a759fda4ea8e405837c23dc875911e6019d2dbedc3adca362d1e17c7511323"

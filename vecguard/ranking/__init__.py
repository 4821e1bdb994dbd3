"""Ranking: exact in both places, in the guard on all of an owner's rows, or here on what the store preselects."""

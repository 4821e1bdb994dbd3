"""How the shipped recogniser was made: sources, templates, names, variants, training and scoring.

Nothing here is needed to use it. `python -m vecguard.scrub.model.train --data FOLDER --out FOLDER` makes it anew.
"""

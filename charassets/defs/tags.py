"""Tags of runs.

What belongs here: their names. Not here: who sets them.
"""

OURS = {"charassets/cli": "1"}
"""Of the runs of ``charassets run``: only one process at a time makes such runs, the one that holds the workspace."""

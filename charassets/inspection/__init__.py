"""Questions people ask about a workspace: why this, what changed, what would it cost, is it healthy.

What belongs here: answers as plain objects. Not here: printing them, and changing anything.
"""

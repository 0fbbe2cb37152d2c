"""Evaluation: how right attributes are, by source and fused, on pictures with labels.

What belongs here: measuring and telling. Not here: fitting anything (``charassets.training``).
"""

"""Attributes of a drawn character: vocabulary, evidence from words and pictures, fusion, policy.

What belongs here: everything that turns evidence into values of the vocabulary. Not here: models (``charassets.models``)
and the tables' plumbing (``charassets.stages``).
"""

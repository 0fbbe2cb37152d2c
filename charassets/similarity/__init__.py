"""Which pictures are the same picture, and which show the same character: plain functions over arrays.

What belongs here: the neighbour graph and what is read from it. Not here: tables of the lake and gates (``charassets.stages``).
"""

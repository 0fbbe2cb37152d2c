"""Training sets published from the warehouse, a module a format.

What belongs here: choosing, dividing, captioning and writing records. Not here: deciding anything about a record.
"""

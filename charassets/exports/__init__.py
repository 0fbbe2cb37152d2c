"""Training sets in the formats trainers read, one module a format, all from the warehouse's kept records.

What belongs here: formats and their publication. Not here: what is kept (``charassets.warehouse``).
"""

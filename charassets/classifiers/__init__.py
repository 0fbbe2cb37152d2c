"""Train your own classifier on any label: examples from the lake, the division without leaks, fits, and an honest report.

What belongs here: everything between a label and a trained file. Not here: the file and its answers
(``charassets.models.classifier``), and who asked for it.
"""

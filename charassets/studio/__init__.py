"""The studio draws characters and scenes whose truth is known exactly: demo data, tests, training sets, load.

What belongs here: geometry, colours, people, clothes, backgrounds, words. Not here: models, the lake, Dagster.
"""

"""From a folder of characters, or the export of a search, to a gallery, a classifier, and figures of both on pictures held out.

What belongs here: what is done with the records of one source once they were run. Not here: running them (``charassets.stages``),
galleries (``charassets.identity``), classifiers (``charassets.classifiers``), and the job that puts it all into one run
(``charassets.defs.cast``).
"""

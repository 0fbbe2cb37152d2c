"""Design features: what can be measured of how a character is drawn, as named numbers with formulas.

What belongs here: the catalogue of features, their computation from pixels, and the comparison of two groups of pictures. Not
here: Dagster, tables on disk, classifiers. The room knows numpy, scipy and OpenCV and nothing of the project.
"""

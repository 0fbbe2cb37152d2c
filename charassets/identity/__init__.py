"""Who is it: galleries of named characters, and the pictures that show them.

What belongs here: references, prototypes, matching, the calibrated unknown, and how a gallery learns from use. Not here: which
pictures are asked about (the stage), and taking in folders (``charassets.enrolment``, ``charassets.growth``).
"""

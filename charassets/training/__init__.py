"""Training of the shipped mini models, the attribute heads and the fusion policy.

What belongs here: programs that make weights from studio drawings, and the measuring of what they made. Not here: using
the weights, which is the models room's part.
"""

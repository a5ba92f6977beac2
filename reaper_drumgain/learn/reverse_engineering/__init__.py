"""Reverse engineering of a mix: which gain each raw track was given, by least squares.

In: raw tracks and a mix of them, as files or arrays. Out: ``MixGains``, a gain in dB with its
standard error for each track (``mix_gains.reverse_engineer``).
"""

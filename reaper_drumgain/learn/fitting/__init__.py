"""Fits models to songs: the linear part, the forests, their intervals, the forest by sound.

In: ``Rendering`` objects and ``FitSettings``. Out: ``Forest`` objects, as ``methods.forest_file``
writes them, and for an evaluation all methods as fitted without some songs (``fold``).
"""

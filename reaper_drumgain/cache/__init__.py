"""Analysis results on disk: another method on the same project reads no audio.

In: an analysis request and a function that measures. Out: the analysis, from the cache where it
is there, and the same to the last bit.

``keys`` says what decides an analysis, ``store`` keeps bytes by key in SQLite, ``arrays`` turns
measurements into plain arrays, ``analysis_cache`` puts the three together. Import from the modules.
"""

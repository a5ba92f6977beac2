"""Trains and evaluates methods on human mixes (``drumgain train`` and ``drumgain evaluate``).

In: data sets of multitrack drums with the faders of engineers. Out: the files in ``models/``, and
figures that say how good every method is on songs that it never saw; and a user's own models
(``taste``). Imports go from ``evidence`` to ``taste`` to ``fitting`` to ``data`` to
``reverse_engineering``. Needs scikit-learn and scipy; nothing that balances a session with a model
imports this package.
"""

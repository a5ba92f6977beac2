"""Trains and evaluates methods on human mixes (``drumgain train`` and ``drumgain evaluate``).

In: data sets of multitrack drums with the faders of engineers. Out: the files in ``models/``, and
figures that say how good every method is on songs that it never saw. Imports go from ``evidence``
to ``fitting`` to ``data`` to ``reverse_engineering``. Needs scikit-learn; nothing that balances a
session imports this package.
"""

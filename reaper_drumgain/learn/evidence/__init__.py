"""Evidence: how far every method is from engineers, in figures, tables, pictures, a model card.

In: a ``DataSet`` (``human_mixes``, ``enst_drums``) and settings. Out: an ``Evaluation`` with
figures as plain JSON data, or a ``Training`` with model files and their card. ``run`` is the frame
of both.
"""

"""A user's own model: departures of finished projects from the bundled model's gains.

In: ``FinishedProject`` (``methods.user_model``), as ``balance.finished`` reads them. Out: a
``UserModel`` with its check on projects that were left out (``make.make_model``), and its card.
"""

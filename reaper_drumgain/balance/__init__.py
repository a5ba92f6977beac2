"""From a session to a plan, the same way for every front end.

In: a ``Session``, the user's ``Settings`` and a ``ProjectAnalyzer`` (the analysis with its
cache). Out: a ``GainPlan`` with fader values, reasons and warnings. Nothing is written here.

``pipeline.balance`` is the entry. ``roles_by_sound`` finds roles of tracks without a telling
name, ``track_plans``, ``reasons`` and ``warnings`` say what is done and why. Import from the
modules.
"""

"""Gains over time: volume envelopes beside the faders.

In: a session, its settings, the analysis of its drum tracks and the plan without automation
(``inputs.AutomationInput``). Out: ``records.AutomationResult``, that is faders, envelope points
for each track, and why a track gets none.

``automate`` is the entry. ``sections`` finds the sections of the song, ``section_gains`` balances
each (``section_levels``: how loud, ``ramps``: the curve), ``gain_riding`` follows the song without
sections. ``existing_envelopes`` says what a track's own envelope allows, ``envelope_points`` draws
curves as few points. Import from the modules.
"""

"""What tracks are, from their names, routing and items; no audio is read.

``selection`` goes from a session and settings to the drum tracks: their roles (``roles``,
``role_names``, ``vocabulary``), their way to the master (``routing``), which of them may move
and why others stay. ``item_mix`` says which items cover others, ``reaper_rules`` and
``item_rules`` hold what both hosts decide alike about tracks and items. Standard library only,
so REAPER's Python can load it.
"""

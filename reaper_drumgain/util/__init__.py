"""Small tools that know nothing of drums, audio or REAPER.

``decibels`` for arrays, ``npz`` (archives of arrays, safe to read), ``process``, ``processes``
and ``thread_pool`` (how work runs), ``user_dirs`` (where the user's files lie). Import from the
modules.
"""

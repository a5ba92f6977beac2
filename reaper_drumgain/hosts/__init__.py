"""Where a session comes from and a plan goes to: REAPER's project files (``rpp``) and running
REAPER (``live``). Both read a project to a Session and write the faders and envelopes of a plan.
"""

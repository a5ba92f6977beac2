"""Data sets, rendering, fitting. Nothing on the way from a session to a plan imports this."""

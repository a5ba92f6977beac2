"""Methods that find fader gains: an interface, a table of methods, a module for each.

In: roles, features and measurements of the drum tracks (``base.MethodInput``). Out: a gain per
track, for some methods with intervals or over time (``base.MethodGains``, ``RunningGains``).
The trained models are read by ``forest_file``. Importing this room imports no method.
"""

from reaper_drumgain.methods.registry import (
    METHODS,
    MethodEntry,
    all_descriptors,
    create,
    create_own,
    known_names,
    names,
)

__all__ = [
    "METHODS",
    "MethodEntry",
    "all_descriptors",
    "create",
    "create_own",
    "known_names",
    "names",
]

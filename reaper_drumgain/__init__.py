"""Balance the faders of multitrack drum recordings in REAPER projects.

The public interface is that of ``reaper_drumgain.api``; its names are also here.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reaper_drumgain.api import (
        Automation,
        DrumGainError,
        GainPlan,
        Level,
        Project,
        Settings,
        TrackPlan,
        balance_arrays,
        method_names,
        open_project,
    )

__version__ = "0.1.0"

__all__ = [
    "Automation",
    "DrumGainError",
    "GainPlan",
    "Level",
    "Project",
    "Settings",
    "TrackPlan",
    "balance_arrays",
    "method_names",
    "open_project",
]


def __dir__() -> list[str]:
    """The public names, for completion in notebooks, before any of them was used."""
    return sorted({*globals(), *__all__} - {"Any", "TYPE_CHECKING"})


def __getattr__(name: str) -> Any:
    """The public interface, imported when it is used: most runs of the program need none of it."""
    if name in __all__:
        from reaper_drumgain import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""The usual length of the fitted filters."""

from __future__ import annotations

#: unknowns of a fit: tracks with all of their channels times taps
_USUAL_UNKNOWNS, _USUAL_TAPS, _FEWEST_TAPS = 1536, 128, 16


def usual_taps(columns: int) -> int:
    """The filter length in samples for so many columns (channels of all tracks together).

    128, and for many columns less, down to 16, so that time and memory of the fit stay bounded.
    """
    taps = _USUAL_TAPS
    while taps > _FEWEST_TAPS and taps * columns > _USUAL_UNKNOWNS:
        taps //= 2
    return taps

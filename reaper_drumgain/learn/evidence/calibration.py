"""Does the interval of the recording gain hold 80 % of true gains, on a kit that is not known?

Known gains are put on sessions of each kit. What is usual is learned from the other kit, and so are
the factors that widen the intervals: from the other kit's own sessions, judged by the places of
things alone. Nothing of the tested kit is known. (The bundled factors are fitted to both kits, each
judged by the other: more of them, but not to be tested on these.)

All sessions of a kit share what it was recorded at itself, which nobody knows and which counts as
error. So there are as many independent errors of a role as microphones of it, not sessions; the
share without these constants, which the injected gains reveal, stands beside.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from reaper_drumgain.analysis.recording_gain import Z_80
from reaper_drumgain.learn.data.human_faders import Float64
from reaper_drumgain.learn.data.kit_sessions import Kits
from reaper_drumgain.learn.evidence.metrics import bootstrap
from reaper_drumgain.learn.fitting.drum_responses import (
    fit_drum_responses,
    injected_errors,
    standard_errors,
    widening_of,
)
from reaper_drumgain.methods.drum_responses import DrumResponses

FIGURES = "calibration of the recording gain"
_EVERY_ROLE = "all"
_WITHOUT, _OWN = "without the kit's own", "kit's own"


def calibration(kits: Kits, usual_lufs: Mapping[str, float], seed: int) -> dict[str, Any]:
    """By kit and role the share of injected gains within the 80 % interval.

    Parameters
    ----------
    kits
        Sessions of each kit.
    usual_lufs
        By role, the usual loudness in LUFS.
    seed
        Of the random generators.

    Returns
    -------
    dict
        Plain JSON data, empty with fewer than two kits. ``share`` has its 95 % bootstrap interval
        over sessions; ``without the kit's own``: the same without the constants of the module's
        text, whose root mean square is ``kit's own`` in dB; ``sd``: the mean of the estimated
        standard deviations.
    """
    figures: dict[str, Any] = {}
    for name, sessions in kits.items() if len(kits) > 1 else ():
        rest = {other: own for other, own in kits.items() if other != name}
        roles = [role.name for role in sessions[0].levels.roles]
        responses = _without(rest, roles, usual_lufs, seed)
        errors, deviations = injected_errors(sessions, responses, usual_lufs, seed)
        figures[name] = {}
        for role in (_EVERY_ROLE, *sorted(set(roles))):
            own = [role in (_EVERY_ROLE, one) for one in roles]
            if np.isfinite(errors[..., own]).any():
                figures[name][role] = _covered(errors[..., own], deviations[..., own], seed)
    return figures


def _without(
    rest: Kits, roles: list[str], usual_lufs: Mapping[str, float], seed: int
) -> DrumResponses:
    """What is usual by the ``rest`` of the kits, with factors by role from their sessions."""
    found: dict[str, list[float]] = defaultdict(list)
    for sessions in rest.values():
        own = {role.name for role in sessions[0].levels.roles}
        places_alone = DrumResponses(widening=dict.fromkeys(own, 1.0))
        for role, values in standard_errors(sessions, places_alone, usual_lufs, seed).items():
            found[role] += values
    factors = widening_of(found)
    of_all = widening_of({"": [z for values in found.values() for z in values]})[""]
    widening = {role: factors.get(role, of_all) for role in roles}
    return replace(fit_drum_responses(rest, usual_lufs), widening=widening)


def _covered(errors: Float64, deviations: Float64, seed: int) -> dict[str, Any]:
    """The figures of some tracks: (sessions, draws, tracks) errors and deviations in dB."""
    heard = np.isfinite(errors).any(axis=(0, 1))
    errors, deviations = errors[..., heard], deviations[..., heard]
    constant = np.nanmean(errors, axis=(0, 1))
    share, span = _share(errors, deviations, seed)
    inside, inside_span = _share(errors - constant, deviations, seed)
    return {
        "share": share,
        "interval95": span,
        _WITHOUT: inside,
        f"{_WITHOUT}, interval95": inside_span,
        _OWN: round(float(np.sqrt(np.square(constant).mean())), 2),
        "sd": round(float(np.nanmean(deviations)), 2),
        "microphones": int(heard.sum()),
        "gains": int(np.isfinite(errors).sum()),
    }


def _share(errors: Float64, deviations: Float64, seed: int) -> tuple[float, list[float]]:
    """The share within the 80 % interval, the mean over sessions, and its interval over them."""
    shares = []
    for error, deviation in zip(errors, deviations, strict=True):
        known = np.isfinite(error)
        if known.any():
            shares.append(float((np.abs(error[known]) <= Z_80 * deviation[known]).mean()))
    low, high = bootstrap(np.array(shares), seed)
    return round(float(np.mean(shares)), 3), [round(low, 3), round(high, 3)]


def calibration_table(figures: Mapping[str, Any]) -> list[list[str]]:
    """The shares as rows of cells, the head first."""
    rows = [["", "microphones", "gains", "within", _WITHOUT, _OWN, "SD told"]]
    for kit, by_role in figures.items():
        for role, held in by_role.items():
            low, high = held["interval95"]
            rows.append(
                [
                    f"{kit}: {role}",
                    str(held["microphones"]),
                    str(held["gains"]),
                    f"{held['share']:.0%} ({low:.0%} .. {high:.0%})",
                    f"{held[_WITHOUT]:.0%}",
                    f"{held[_OWN]:.1f} dB",
                    f"{held['sd']:.1f} dB",
                ]
            )
    return rows

"""All methods on one project, whose audio is read once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reaper_drumgain import methods
from reaper_drumgain.analysis.analyze import AnalysisRequest, Analyzed
from reaper_drumgain.analysis.descriptors import Descriptor, by_name
from reaper_drumgain.analysis.measurement import MultitrackAnalysis
from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.balance.project_analyzer import ProjectAnalyzer
from reaper_drumgain.errors import InputError, ModelError
from reaper_drumgain.methods.base import Method
from reaper_drumgain.schema.plan import GainPlan, TrackPlan
from reaper_drumgain.schema.session import Session
from reaper_drumgain.schema.settings import Settings

#: faders by chance: what they are says nothing about where methods differ
_BY_CHANCE = "random"


@dataclass(frozen=True, slots=True)
class Difference:
    """How far apart the methods put one drum track.

    Attributes
    ----------
    track
        The track with the fader that it has now.
    lowest, highest
        The methods with the lowest and the highest new fader.
    span_db
        From the lowest to the highest in dB.
    """

    track: TrackPlan
    lowest: str
    highest: str
    span_db: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The plan of each method for one project, in the order of the methods.

    Attributes
    ----------
    plans
        The plans by the name of the method.
    problems
        By name, why a method of another package or a model of the user's gave no plan.
    """

    plans: dict[str, GainPlan]
    problems: dict[str, str]

    @property
    def tracks(self) -> tuple[TrackPlan, ...]:
        """The drum tracks, with the faders that they have now; the same in all plans."""
        return next(iter(self.plans.values())).tracks

    def faders(self, place: int) -> dict[str, float | None]:
        """By method, the new fader in dB of the drum track at this place; None at -inf."""
        return {name: plan.tracks[place].new_db for name, plan in self.plans.items()}

    def differences(self) -> tuple[Difference, ...]:
        """The span of each drum track that methods move, in project order.

        The method ``random`` is left out, because it differs from everything.
        """
        found = []
        for place, track in enumerate(self.tracks):
            faders = {
                name: fader
                for name, fader in self.faders(place).items()
                if fader is not None and name != _BY_CHANCE
            }
            if len(faders) > 1:
                lowest = min(faders, key=lambda name: faders[name])
                highest = max(faders, key=lambda name: faders[name])
                span = faders[highest] - faders[lowest]
                found.append(Difference(track, lowest, highest, span))
        return tuple(found)


class _OneListening(ProjectAnalyzer):
    """Measures what all methods ask for at the first request, and answers the others from that."""

    def __init__(self, inner: ProjectAnalyzer, descriptors: Sequence[Descriptor]) -> None:
        super().__init__(threads=inner.threads, progress=inner.progress)
        self._inner = inner
        self._descriptors = tuple(descriptors)
        self._found: dict[object, MultitrackAnalysis] = {}

    def analyze(self, request: AnalysisRequest) -> MultitrackAnalysis:
        """The analysis with the descriptors of all methods."""
        key = (tuple(drum.track.index for drum in request.drums), request.span)
        if key not in self._found:
            every = by_name((*self._descriptors, *request.descriptors))
            wanted = replace(request, descriptors=tuple(every.values()))
            self._found[key] = self._inner.analyze(wanted)
        self.last = Analyzed(request, self._found[key])
        return self._found[key]


def compare_methods(
    session: Session,
    settings: Settings,
    names: Sequence[str] | None = None,
    *,
    analyzer: ProjectAnalyzer | None = None,
) -> Comparison:
    """Balance a project with each method; nothing is written.

    Parameters
    ----------
    session
        The project as a host has read it.
    settings
        As for ``pipeline.balance``. The method is replaced, and all faders are balanced anew,
        because only some methods can do otherwise.
    names
        The methods; None for all, those of other packages and the user's own models among them.
    analyzer
        Reads and measures the audio, once. None for one without a cache.

    Returns
    -------
    Comparison
        The plans, and what went wrong with methods of other packages.

    Raises
    ------
    InputError
        The settings name a track, role or method that is not there.
    NothingToBalanceError
        No drum track may be moved.
    """
    analyzer = analyzer or ProjectAnalyzer()
    made, problems = _made(methods.known_names() if names is None else names, strict=bool(names))
    if names is None:
        made, problems = _with_own_models(made, problems)
    every = by_name(own for method in made.values() for own in method.descriptors)
    listening = _OneListening(analyzer, tuple(every.values()))
    plans: dict[str, GainPlan] = {}
    for place, (name, method) in enumerate(made.items()):
        if analyzer.progress is not None and place:
            analyzer.progress(f"balancing ({name})", place / len(made))
        wanted = replace(settings, method=name, mode="all")
        plans[name] = balance(session, wanted, analyzer=listening, method=method)
        # roles are found by sound only once
        settings = replace(plans[name].settings, method=settings.method, mode=settings.mode)
    return Comparison(plans, problems)


def _with_own_models(
    made: dict[str, Method], problems: dict[str, str]
) -> tuple[dict[str, Method], dict[str, str]]:
    """The methods with the user's own models behind the bundled one that they depart from."""
    from reaper_drumgain.methods import user_models

    bundled = methods.names()[0]
    own: dict[str, Method] = {bundled: made[bundled]}
    for name in user_models.names():
        try:
            own[f"model {name}"] = methods.create_own(bundled, name)
        except (InputError, ModelError) as error:
            problems[f"model {name}"] = str(error)
    return own | made, problems


def _made(names: Sequence[str], *, strict: bool) -> tuple[dict[str, Method], dict[str, str]]:
    """The methods by name; those of other packages that cannot be loaded are told."""
    made: dict[str, Method] = {}
    problems: dict[str, str] = {}
    for name in dict.fromkeys(names):
        try:
            made[name] = methods.create(name)
        except (InputError, ModelError) as error:
            if strict or name in methods.names():
                raise
            problems[name] = str(error)
    return made, problems

"""What a package does and pays, as arrays for the simulation: ``policy_inputs()``.

Effects are log effects on the conditional rates of all residents, before overlap and
saturation, which the simulation applies to their sum (:mod:`popsim.kernels.lanes.inputs`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from popsim.errors import MissingVariableError, ScenarioError
from popsim.policy.benefits import CHILD_AGES, pay_schedule
from popsim.policy.calendar import changes
from popsim.policy.channels import (
    CHANNEL_OF,
    Respondents,
    cash_log_effect,
    family_instruments,
    in_bands,
    log_effect,
    other_log_effect,
    response_class,
)
from popsim.policy.evidence import prior
from popsim.policy.response import Responsiveness, in_time, largest_log_effect, timing_kernel
from popsim.policy.supply import lump_costs, marriage_log_effect, used_places
from popsim.scenario.instrument_parts import BANDS, PAYERS, Spell
from popsim.scenario.instruments import KINDS, ArtCoverage, FamilyInstrument
from popsim.scenario.model import Scenario
from popsim.schema.conventions import ORDERS


@dataclass(frozen=True)
class PolicyInputs:
    """A package in numbers; years are calendar years, orders 1 to 3, bands those of :data:`BANDS`.

    Attributes
    ----------
    name : str
    instruments : tuple of str
        Ids, in the order of the arrays; those that cost nothing are among them.
    paid : (draw, year, order)
        Log effect of the money that families get: what a budget that falls short takes away.
    other : (draw, year, order, band)
        Log effects of all else but childcare places: leave, housing costs, assisted
        reproduction, marriage, and cash that the budget does not ration.
    strongest : (draw, year, order, band)
        Largest size of the log effect of one channel in ``other``.
    care_effect : (draw,)
        Log effect of all children 0-2 in a used place over none.
    care_quantum : (draw,)
        Share of that effect that is not timing.
    lag : (draw,)
        From a change of coverage to the first births that respond [years].
    timing : (year,)
        Births brought forward by year since a change, and paid back.
    used_places, used_places_baseline : (draw, year)
        Places in use on 1 January.
    overlap : (draw,)
        Times the sum of log effects where two or more channels act.
    largest_log_effect, largest_tfr_gain : float
    relocation : (draw,)
        Share of the additional births that would have been next door; to be reported apart.
    pay : (instrument, year, order, child age 0..18)
        [yuan] for a child of the completed age at the END of the year.
    reach : (instrument, draw)
        Share of the children who are paid for.
    lump : (instrument, draw, year)
        What is spent whoever is born [yuan].
    payers : (instrument, payer, year)
        Shares of :data:`PAYERS`.
    cap : (year,)
        [yuan]; infinite where there is none.
    rule : str
        pro_rata, first_come or by_order.
    capped : (instrument,) bool
    """

    name: str
    instruments: tuple[str, ...]
    paid: np.ndarray
    other: np.ndarray
    strongest: np.ndarray
    care_effect: np.ndarray
    care_quantum: np.ndarray
    lag: np.ndarray
    timing: np.ndarray
    used_places: np.ndarray
    used_places_baseline: np.ndarray
    overlap: np.ndarray
    largest_log_effect: float
    largest_tfr_gain: float
    relocation: np.ndarray
    pay: np.ndarray
    reach: np.ndarray
    lump: np.ndarray
    payers: np.ndarray
    cap: np.ndarray
    rule: str
    capped: np.ndarray


def policy_inputs(
    scenario: Scenario,
    *,
    years: np.ndarray,
    draws: int,
    seed: int | None,
    registered_share: float | None,
    births_by_band: np.ndarray | None = None,
    residents: np.ndarray | None = None,
    given: Responsiveness | None = None,
) -> PolicyInputs:
    r"""Turn a declared package into arrays.

    Parameters
    ----------
    scenario : Scenario
    years : numpy.ndarray
        (year,) calendar years, without gaps.
    draws : int
    seed : int or None
        The same seed gives the same numbers to every scenario; a scenario's overrides move
        its own quantiles only. None: everything at its median.
    registered_share : float, optional
        Share of births to registered families [1]; needed if an instrument is for them.
    births_by_band : numpy.ndarray, optional
        (order, band) births of the baseline by mother's age, at any scale; needed if an
        instrument is for mothers of an age.
    residents : numpy.ndarray, optional
        (year,) [persons] on 1 January, under the baseline; needed for places per 1,000.
    given : Responsiveness, optional
        Draws of the response to take in the place of those of the seed.

    Returns
    -------
    PolicyInputs

    Raises
    ------
    MissingVariableError
        Something that an instrument needs to know of the place is not given.
    ScenarioError
        A budget covers an instrument for mothers of an age; an effect or an amount that is not
        finite.

    Notes
    -----
    With :math:`E_c(t)` the log effect of channel :math:`c` as if all of it lasted and
    :math:`q_c` its lasting share, the effect in a year is
    :math:`q_c E_c(t) + (1 - q_c) \sum_u \Delta E_c(t - u) k_u`
    (:func:`popsim.policy.response.in_time`); an end that is announced ahead adds the
    anticipation of it. The cash channel is the effect of the package on top of the
    background less that of the background alone.

    Examples
    --------
    >>> import popsim as ps
    >>> package = ps.load_scenario("ouhai")
    >>> inputs = policy_inputs(
    ...     package, years=np.arange(2023, 2031), draws=50, seed=0, registered_share=0.5
    ... )
    >>> inputs.paid.shape, inputs.pay.shape[2:]
    ((50, 8, 3), (3, 19))
    """
    _check_known(scenario, registered_share, births_by_band)
    if given is None:
        given = Responsiveness.draw(draws, seed, scenario.overrides)
    share = 1.0 if registered_share is None else registered_share
    old = _old_share(births_by_band)
    people = Respondents.of(scenario, given, seed, share, old)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # refused by name instead
        paid, other, strongest = _put_together(_effects(people, years), scenario, years, draws)
    own, base = used_places(scenario, years, draws, seed, residents)
    saturation = prior("saturation", scenario.overrides)
    package = scenario.instruments
    every = np.zeros((len(package), len(years), len(ORDERS), CHILD_AGES))
    reach = np.zeros((len(package), draws))
    for n, i in enumerate(package):
        if isinstance(i, FamilyInstrument):
            every[n] = pay_schedule(i, years) * _age_share(i, births_by_band)[:, None]
            reach[n] = people.take_up[i.id]
            if i.eligibility.registered:
                reach[n] *= people.registered_share
    made = PolicyInputs(
        name=scenario.name,
        instruments=tuple(i.id for i in package),
        paid=paid,
        other=other,
        strongest=strongest,
        # of all children in a place over none: ten times the effect of ten points
        care_effect=log_effect(given["childcare", "effect"], f"{scenario.name}: childcare") * 10.0,
        care_quantum=given["childcare", "quantum"],
        lag=given.lag,
        timing=timing_kernel(len(years), scenario.overrides),
        used_places=own,
        used_places_baseline=base,
        overlap=given["saturation", "overlap"],
        largest_log_effect=largest_log_effect(scenario.overrides),
        largest_tfr_gain=saturation["largest_tfr_gain"].spread.median,
        relocation=given["relocation", "share"],
        pay=every,
        reach=reach,
        lump=lump_costs(package, years, own, base, residents),
        payers=_payers(scenario, len(years)),
        cap=_cap(scenario, years),
        rule="pro_rata" if scenario.budget is None else scenario.budget.rule,
        capped=np.array([i.id in _covered(scenario) for i in package], dtype=bool),
    )
    _refuse_infinite(made)
    return made


def _refuse_infinite(made: PolicyInputs) -> None:
    """Raise where a number is not finite: the kernels take them as they are.

    A cap is infinite where there is none.
    """
    for field in fields(made):
        values = getattr(made, field.name)
        if field.name == "cap" or not isinstance(values, np.ndarray | float):
            continue
        bad = ~np.isfinite(values)
        if np.any(bad):
            raise ScenarioError(
                f"a package has a number that is not finite in {field.name}",
                where=f"scenario {made.name!r}: {field.name}",
                got=f"{np.asarray(values)[bad][0]:g} in {int(np.sum(bad))} places",
                allowed="finite numbers",
                fix="look at the amounts, the places and the overrides",
            )


def _effects(people: Respondents, years: np.ndarray) -> dict[str, np.ndarray]:
    """Log effects after timing and lag: "paid" (draw, year, order), others with a band."""
    scenario, given = people.scenario, people.given
    package = family_instruments(scenario.instruments)
    classes = {i.id: response_class(i, scenario) for i in package}
    events = changes([*package, *family_instruments(scenario.background)], scenario.overrides)
    # What began before the first year is followed from its beginning, for its timing.
    first = int(min([years[0], *(np.floor(e.instant) for e in events)]))
    calendar = np.arange(first, years[-1] + 1)
    longest = prior("response", scenario.overrides)["anticipation_window"].spread.median

    shape = (given.draws, len(calendar), len(ORDERS))
    full: dict[str, np.ndarray] = {}
    ahead: dict[str, np.ndarray] = {}
    state: dict[str, Spell] = {}
    before: dict[str, np.ndarray] = {}
    for event in events:
        state = {k: v for k, v in {**state, **event.spells}.items() if v is not None}
        now = _in_force(state, people, classes)
        weight = event.weight(given.lag, calendar)
        bump = event.anticipation(given.lag, calendar, longest)
        bump = bump * given["response", "anticipation"][:, None]
        for name in {**before, **now}:
            step = np.asarray(now.get(name, 0.0) - before.get(name, 0.0))
            if not step.any():
                continue
            extra = step[:, None] * weight.reshape(*weight.shape, *[1] * (step.ndim - 1))
            lost = np.maximum(-step, 0.0)[:, None]
            early = lost * bump.reshape(*bump.shape, *[1] * (step.ndim - 1))
            empty = np.zeros((*shape, *step.shape[2:]))
            full[name] = full.get(name, empty) + extra
            ahead[name] = ahead.get(name, empty) + early
        before = now
    return {
        name: (in_time(full[name], _quantum(name, given), scenario.overrides) + ahead[name])[
            :, years[0] - first :
        ]
        for name in full
    }


def _in_force(
    state: dict[str, Spell], people: Respondents, classes: dict[str, str]
) -> dict[str, np.ndarray]:
    """Log effects of a package while ``state`` is in force, over its background.

    Returns
    -------
    dict
        "paid" (draw, order); "unrationed" (draw, order, band) for cash that a budget does not
        ration or that is for mothers of an age; other classes (draw, order, band).
    """
    scenario = people.scenario
    package = [i for i in family_instruments(scenario.instruments) if i.id in state]
    under = [i for i in family_instruments(scenario.background) if i.id in state]
    under = [i for i in under if response_class(i, scenario) == "cash"]
    cash = [i for i in package if classes[i.id] == "cash"]
    out: dict[str, np.ndarray] = {}
    if cash:
        covered = _covered(scenario) if scenario.budget is not None else {i.id for i in cash}
        anyone = [i for i in cash if in_bands(i).all()]
        plain = [i for i in under if in_bands(i).all()]

        def over(
            chosen: Sequence[FamilyInstrument], base: Sequence[FamilyInstrument]
        ) -> np.ndarray:
            return np.stack(
                [
                    cash_log_effect([*chosen, *base], state, o, people)
                    - cash_log_effect(base, state, o, people)
                    for o in ORDERS
                ],
                axis=1,
            )

        paid = over(anyone, plain)
        kept = [i for i in anyone if i.id not in covered]
        if kept:
            paid = paid - over(kept, plain)
        out["paid"] = paid
        if kept or len(anyone) < len(cash) or len(plain) < len(under):
            by_band = [
                over(
                    [i for i in cash if in_bands(i)[band]],
                    [i for i in under if in_bands(i)[band]],
                )
                for band in range(len(BANDS))
            ]
            out["unrationed"] = np.stack(by_band, axis=2) - paid[:, :, None]
    for i in package:
        if classes[i.id] != "cash":
            effect = other_log_effect(i, state[i.id], people)
            out[classes[i.id]] = out.get(classes[i.id], 0.0) + effect
    return out


def _quantum(name: str, given: Responsiveness) -> np.ndarray:
    """Lasting share (draw,) [1]; that of cash where the library has none."""
    own = "cash" if name in ("paid", "unrationed", "small_gifts") else name
    return given[own, "quantum"]


def _put_together(
    effects: dict[str, np.ndarray], scenario: Scenario, years: np.ndarray, draws: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``paid``, ``other`` and ``strongest`` of :class:`PolicyInputs`."""
    paid = np.zeros((draws, len(years), len(ORDERS)))
    by_channel = {"marriage": marriage_log_effect(scenario, years)}
    for name, effect in effects.items():
        if name == "paid":
            paid += effect
            continue
        channel = "cash" if name == "unrationed" else CHANNEL_OF[name]
        by_channel[channel] = by_channel.get(channel, 0.0) + effect
    other, strongest = np.zeros((2, *paid.shape, len(BANDS)))
    for effect in by_channel.values():
        other += effect
        np.maximum(strongest, np.abs(effect), out=strongest)
    return paid, other, strongest


def _covered(scenario: Scenario) -> set[str]:
    """Ids of the instruments under the budget; all that pay families where it names none."""
    if scenario.budget is not None and scenario.budget.covers is not None:
        return set(scenario.budget.covers)
    paying = family_instruments(scenario.instruments)
    return {
        i.id
        for i in paying
        if response_class(i, scenario) in ("cash", "small_gifts") and KINDS[i.kind].channel != "tax"
    }


def _check_known(
    scenario: Scenario, registered_share: float | None, births_by_band: np.ndarray | None
) -> None:
    """Raise if something about the place is missing that an instrument needs."""
    everything = family_instruments((*scenario.instruments, *scenario.background))
    for i in everything:
        if i.eligibility.registered and registered_share is None:
            raise MissingVariableError(
                "the share of births to registered families is not known",
                where=f"baseline of {scenario.place}; instrument {i.id!r}",
                allowed="a share between 0 and 1",
                fix="give the baseline a variable registered_share, or declare the instrument "
                "open to all: eligibility: {registered: false}",
            )
        if not in_bands(i).all() and births_by_band is None:
            raise MissingVariableError(
                "births by mother's age are not known",
                where=f"instrument {i.id!r}",
                allowed="births_by_band (order, band)",
                fix="give them, or leave out the mother's age in the eligibility",
            )
    for i in family_instruments(scenario.instruments):
        limited = not in_bands(i).all() and not isinstance(i, ArtCoverage)
        if scenario.budget is not None and limited and i.id in _covered(scenario):
            raise ScenarioError(
                "a budget cannot cover an instrument for mothers of an age",
                where=f"{scenario.name}: budget.covers",
                got=i.id,
                allowed="instruments without mother_age_from and mother_age_to",
                fix="name in budget.covers the others only",
            )


def _old_share(births_by_band: np.ndarray | None) -> float | None:
    """Share of the births to mothers of 35 and over [1]."""
    if births_by_band is None:
        return None
    return float(births_by_band[:, -1].sum() / births_by_band.sum())


def _age_share(i: FamilyInstrument, births_by_band: np.ndarray | None) -> np.ndarray:
    """Share of the births of each order to mothers who may claim (order,) [1]."""
    who = in_bands(i)
    if who.all():
        return np.ones(len(ORDERS))
    assert births_by_band is not None  # checked
    total = births_by_band.sum(axis=1)
    return np.divide(births_by_band @ who, total, out=np.zeros(len(ORDERS)), where=total > 0.0)


def _payers(scenario: Scenario, length: int) -> np.ndarray:
    """Shares of the payers (instrument, payer, year) [1]."""
    shares = [[getattr(i.payers, payer) for payer in PAYERS] for i in scenario.instruments]
    table = np.array(shares, dtype=np.float64).reshape(-1, len(PAYERS), 1)
    return np.repeat(table, length, axis=2)


def _cap(scenario: Scenario, years: np.ndarray) -> np.ndarray:
    """The budget (year,) [yuan]; infinite where there is none."""
    cap = np.full(len(years), np.inf)
    if scenario.budget is not None:
        for year, quantity in scenario.budget.cap.items():
            cap[years == year] = quantity.value
    return cap

"""How births respond to a package: stack what families get, then one concave function.

The rules are those of the evidence notes: the cash function a s^b in percent of the
births of recipients, s the present value as percent of GDP per capita; benefits are
stacked before it is applied; saturation; a lag; births brought forward and paid back;
one draw of responsiveness for all instruments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from popsim.errors import ConflictError, MissingVariableError
from popsim.policy.benefits import in_force, present_value, share_of_years
from popsim.policy.evidence import prior
from popsim.policy.takeup import nested_tiers, take_up_draws
from popsim.scenario.model import ORDERS, HomePurchaseSubsidy, Instrument, Scenario
from popsim.uncertainty.draws import normals, uniforms


@dataclass(frozen=True)
class Responsiveness:
    """Draws of everything uncertain in the response; the same for every scenario.

    Attributes
    ----------
    a, b : numpy.ndarray
        (draw,), of the cash function.
    housing : numpy.ndarray
        (draw,) [1]; times the cash function for what a housing grant adds.
    quantum : numpy.ndarray
        (draw,) [1]; share of the effect that is not timing.
    lag : numpy.ndarray
        (draw,) [years]; from a change of benefits to the first births that respond.
    """

    a: np.ndarray
    b: np.ndarray
    housing: np.ndarray
    quantum: np.ndarray
    lag: np.ndarray

    @classmethod
    def draw(cls, draws: int, seed: int) -> Responsiveness:
        """Draw from the default priors."""
        cash, housing, response = prior("cash"), prior("housing_grant"), prior("response")
        # A normal copula with this rank correlation: one responsiveness behind both.
        rank = response["rank_correlation"].spread.median
        r = 2.0 * np.sin(np.pi / 6.0 * rank)
        common = normals(seed, "response", "cash", draws)
        own = normals(seed, "response", "housing", draws)
        return cls(
            a=cash["a"].spread.quantile(ndtr(common)),
            b=cash["b"].spread.quantile(uniforms(seed, "response", "b", draws)),
            housing=housing["multiplier"].spread.quantile(
                ndtr(r * common + np.sqrt(1.0 - r**2) * own)
            ),
            quantum=cash["quantum"].spread.quantile(uniforms(seed, "response", "quantum", draws)),
            lag=response["lag"].spread.quantile(uniforms(seed, "response", "lag", draws)) / 12.0,
        )


def cash_effect(s: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Percent more births among recipients of a present value ``s`` [% of GDP per capita].

    Examples
    --------
    >>> cash_effect(np.array([4.0, 11.0, 33.0, 120.0]), 0.45, 0.6).round(1)
    array([1. , 1.9, 3.7, 8. ])
    """
    return a * np.maximum(s, 0.0) ** b


def saturated(log_effect: np.ndarray) -> np.ndarray:
    """The log effect bent so that it never passes the largest one of the evidence notes."""
    largest = np.log1p(prior("saturation")["largest_effect"].spread.median / 100.0)
    return largest * np.tanh(log_effect / largest)


def recipients_effect(
    instruments: Sequence[Instrument],
    order: int,
    scenario: Scenario,
    given: Responsiveness,
    seed: int,
) -> np.ndarray:
    """Log effect of a set of benefits on births of one order among the families that may claim.

    Families are in tiers by what they take; each tier's benefits are stacked first.

    Returns
    -------
    numpy.ndarray
        (draw,) [1]
    """
    draws = len(given.a)
    rate = prior("cash")["discount_rate"].spread.median
    gdp = scenario.context.gdp_per_capita.value
    worth = np.array([100.0 * present_value(i, order, rate) / gdp for i in instruments])
    is_housing = np.array([isinstance(i, HomePurchaseSubsidy) for i in instruments])
    gain = np.zeros(draws)
    for share, takes in nested_tiers([take_up_draws(i, draws, seed) for i in instruments]):
        cash = (worth * ~is_housing) @ takes
        stacked = worth @ takes
        percent = cash_effect(cash, given.a, given.b)
        percent += given.housing * (cash_effect(stacked, given.a, given.b) - percent)
        gain += share * np.expm1(saturated(np.log1p(percent / 100.0)))
    return np.log1p(gain)


def residents_effect(
    instruments: Sequence[Instrument],
    order: int,
    scenario: Scenario,
    given: Responsiveness,
    registered_share: float,
    seed: int,
) -> np.ndarray:
    """Log effect on births of one order among all residents, registered or not (draw,) [1]."""
    open_to_all = [i for i in instruments if not i.eligibility.registered]
    registered = recipients_effect(instruments, order, scenario, given, seed)
    others = recipients_effect(open_to_all, order, scenario, given, seed)
    return np.log(registered_share * np.exp(registered) + (1.0 - registered_share) * np.exp(others))


def full_effects(
    scenario: Scenario,
    years: np.ndarray,
    given: Responsiveness,
    registered_share: float,
    seed: int,
) -> np.ndarray:
    """Log effect of the package over its background, before births are moved in time.

    Between two dates at which something starts or ends the benefits do not change; each
    such spell acts on births a lag later.

    Returns
    -------
    numpy.ndarray
        (draw, year, order) [1]
    """
    everything = [*scenario.instruments, *scenario.background]
    spells = {i.id: in_force(i) for i in everything}
    dates = sorted({d for spell in spells.values() for d in spell if np.isfinite(d)})
    out = np.zeros((len(given.a), len(years), len(ORDERS)))
    for start, end in zip(dates, [*dates[1:], np.inf], strict=True):
        active = [i for i in everything if spells[i.id][0] <= start < spells[i.id][1]]
        under = [i for i in active if i in scenario.background]
        if len(under) == len(active):
            continue
        share = share_of_years(start + given.lag, end + given.lag, years)
        for o, order in enumerate(ORDERS):
            arguments = (order, scenario, given, registered_share, seed)
            with_package = residents_effect(active, *arguments)
            without = residents_effect(under, *arguments)
            out[:, :, o] += share * (with_package - without)[:, None]
    return out


def timing_kernel(length: int) -> np.ndarray:
    """Births brought forward by year since a change, and paid back later (year,) [1]; sums to 0.

    Examples
    --------
    >>> timing_kernel(10).tolist()
    [1.0, 1.0, 1.0, -0.5, -0.5, -0.5, -0.5, -0.5, -0.5, 0.0]
    """
    response = prior("response")
    forward = int(response["brought_forward"].spread.median)
    back = int(response["paid_back"].spread.median)
    kernel = np.zeros(max(length, forward + back))
    kernel[:forward] = 1.0
    kernel[forward : forward + back] = -forward / back
    return kernel[:length]


def in_time(full: np.ndarray, quantum: np.ndarray, *, payback: str = "explicit") -> np.ndarray:
    r"""Split effects into a lasting part and births brought forward.

    By parity the effect acts on conditional rates, and mothers who bear earlier are missing
    from the stock of women. That alone does not make a birth brought forward a birth that
    would have come: the stock does not know who moved, so those left go on as before, and at
    :math:`q = 0` an effect of 10 % on first births leaves 1.6 % more children to the cohorts
    it meets. With the kernel's payback on conditional rates a woman's force of bearing,
    added up over the years, is what it was, and so is completed fertility to first order;
    the emptier stock only moves the payback forward.

    Parameters
    ----------
    full : numpy.ndarray
        (draw, year, order): the effect as if all of it lasted.
    quantum : numpy.ndarray
        (draw,) [1]
    payback : {"explicit", "stock"}
        Whether the kernel's negative years act, or what is brought forward is missed from
        the stock of women by parity alone.

    Returns
    -------
    numpy.ndarray
        (draw, year, order): :math:`q E_t + (1 - q) \sum_u \Delta E_u k_{t-u}`, with the
        kernel :math:`k` of :func:`timing_kernel`.
    """
    steps = np.diff(full, axis=1, prepend=0.0)
    kernel = timing_kernel(full.shape[1])
    if payback == "stock":
        kernel = np.maximum(kernel, 0.0)
    moved = np.zeros_like(full)
    for since, weight in enumerate(kernel):
        if weight != 0.0:
            moved[:, since:] += weight * steps[:, : full.shape[1] - since]
    q = quantum[:, None, None]
    return q * full + (1.0 - q) * moved


def fertility_multipliers(
    scenario: Scenario,
    *,
    years: np.ndarray,
    births_per_woman: np.ndarray,
    registered_share: float | None,
    given: Responsiveness,
    seed: int,
    payback: str = "explicit",
) -> np.ndarray:
    """Factors on the fertility rates of each order, incidence or conditional.

    Parameters
    ----------
    scenario : Scenario
    years : numpy.ndarray
        (year,)
    births_per_woman : numpy.ndarray
        (draw, year, order): the baseline's total fertility rate by order, for the ceiling on
        what a package can add.
    registered_share : float, optional
        Needed if an instrument is for registered families only.
    given : Responsiveness
    seed : int
    payback : {"explicit", "stock"}
        See :func:`in_time`.

    Returns
    -------
    numpy.ndarray
        (draw, year, order) [1]; exactly 1 where nothing acts.

    Raises
    ------
    MissingVariableError
        An instrument is for registered families and their share is not known.
    """
    everything = [*scenario.instruments, *scenario.background]
    if registered_share is None:
        restricted = [i.id for i in everything if i.eligibility.registered]
        if restricted:
            raise MissingVariableError(
                "the share of births to registered families is not known",
                where=f"baseline of {scenario.place}; instrument {restricted[0]!r}",
                allowed="a share between 0 and 1",
                fix="give the baseline a variable registered_share, or declare the instrument "
                "open to all: eligibility: {registered: false}",
            )
        registered_share = 1.0
    full = full_effects(scenario, years, given, registered_share, seed)
    factors = np.exp(in_time(full, given.quantum, payback=payback))
    gain = (births_per_woman * (factors - 1.0)).sum(axis=2)
    ceiling = prior("saturation")["largest_tfr_gain"].spread.median
    kept = np.where(gain > ceiling, ceiling / np.where(gain > ceiling, gain, 1.0), 1.0)
    return 1.0 + (factors - 1.0) * kept[:, :, None]


def check_place(scenario: Scenario, place: str | None) -> None:
    """Raise if a scenario is written for another place than the baseline's.

    Raises
    ------
    ConflictError
    """
    if place is not None and scenario.place != place:
        raise ConflictError(
            f"the scenario {scenario.name!r} is written for another place",
            where="simulate",
            got=f"scenario for {scenario.place!r}, baseline of {place!r}",
            allowed="the same place",
            fix=f"to apply it there: scenario.model_copy(update={{'place': {place!r}}})",
        )

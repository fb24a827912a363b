"""How families respond: what is uncertain about it, the concave cash function, and timing.

The rules are those of the evidence notes. What a package does by year, order and age of
mother is put together from these pieces in :mod:`popsim.policy.effects`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from popsim.errors import ConflictError
from popsim.policy.evidence import prior
from popsim.scenario.model import Scenario
from popsim.scenario.options import Override
from popsim.uncertainty.draws import normals, uniforms

#: The priors that hang on the one responsiveness, each with the key of its own noise.
RESPONSES = (
    ("cash", "a"),
    ("housing_grant", "multiplier"),
    ("tax_credit", "multiplier"),
    ("childcare", "effect"),
    ("maternity_leave", "effect"),
    ("paternity_leave", "effect"),
    ("social_insurance_subsidy", "effect"),
    ("housing_cost", "effect_non_owners"),
    ("housing_cost", "effect_owners"),
    ("rent_withdrawal", "effect"),
    ("art_coverage", "effect"),
    ("small_gifts", "effect"),
)

#: What is drawn on its own.
APART = (
    ("cash", "b"),
    ("cash", "quantum"),
    ("childcare", "quantum"),
    ("maternity_leave", "quantum"),
    ("paternity_leave", "quantum"),
    ("social_insurance_subsidy", "quantum"),
    ("housing_cost", "quantum"),
    ("rent_withdrawal", "quantum"),
    ("art_coverage", "quantum"),
    ("saturation", "overlap"),
    ("response", "lag"),
    ("response", "anticipation"),
    ("relocation", "share"),
)


@dataclass(frozen=True)
class Responsiveness:
    """Draws of everything uncertain in the response; the same for every scenario.

    Attributes
    ----------
    values : dict
        Draws (draw,) by (class, parameter), in the unit of the prior.
    """

    values: dict[tuple[str, str], np.ndarray]

    def __getitem__(self, name: tuple[str, str]) -> np.ndarray:
        return self.values[name]

    @property
    def draws(self) -> int:
        """Number of draws."""
        return len(self.values["cash", "a"])

    @property
    def lag(self) -> np.ndarray:
        """From a change of benefits to the first births that respond (draw,) [years]."""
        return self.values["response", "lag"] / 12.0

    @classmethod
    def draw(
        cls, draws: int, seed: int | None, overrides: Sequence[Override] = ()
    ) -> Responsiveness:
        r"""Draw from the priors, with a scenario's own where it overrides them.

        Without a seed everything stands at its median.

        Notes
        -----
        A normal copula with one factor: the response to instrument :math:`i` is at the
        probability :math:`\Phi(\sqrt{r}\,z_0 + \sqrt{1 - r}\,z_i)`. Any two have the normal
        correlation :math:`r = 2 \sin(\pi \rho / 6)`, that is the rank correlation
        :math:`\rho` of the prior ``response.rank_correlation``.

        Examples
        --------
        >>> Responsiveness.draw(5, seed=0)["cash", "a"].round(2).shape
        (5,)
        """
        rank = prior("response", overrides)["rank_correlation"].spread.median
        r = 2.0 * np.sin(np.pi / 6.0 * rank)
        common = normals(seed, "response", "common", draws)
        values = {}
        for name, parameter in RESPONSES:
            own = normals(seed, "response", f"{name}.{parameter}", draws)
            u = ndtr(np.sqrt(r) * common + np.sqrt(1.0 - r) * own)
            values[name, parameter] = prior(name, overrides)[parameter].quantile(u)
        for name, parameter in APART:
            u = uniforms(seed, "response", f"{name}.{parameter}", draws)
            values[name, parameter] = prior(name, overrides)[parameter].quantile(u)
        return cls(values)


def cash_effect(s: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Percent more births among recipients of a present value ``s`` [% of GDP per capita].

    Examples
    --------
    >>> cash_effect(np.array([4.0, 11.0, 33.0, 120.0]), 0.45, 0.6).round(1)
    array([1. , 1.9, 3.7, 8. ])
    """
    return a * np.maximum(s, 0.0) ** b


def largest_log_effect(overrides: Sequence[Override] = ()) -> float:
    """The log effect that no sum passes."""
    percent = prior("saturation", overrides)["largest_effect"].spread.median
    return float(np.log1p(percent / 100.0))


def timing_kernel(length: int, overrides: Sequence[Override] = ()) -> np.ndarray:
    """Births brought forward by year since a change, and paid back later (year,) [1]; sums to 0.

    Examples
    --------
    >>> timing_kernel(10).tolist()
    [1.0, 1.0, 1.0, -0.5, -0.5, -0.5, -0.5, -0.5, -0.5, 0.0]
    """
    response = prior("response", overrides)
    forward = int(response["brought_forward"].spread.median)
    back = int(response["paid_back"].spread.median)
    kernel = np.zeros(max(length, forward + back))
    kernel[:forward] = 1.0
    kernel[forward : forward + back] = -forward / back
    return kernel[:length]


def in_time(
    full: np.ndarray, quantum: np.ndarray, overrides: Sequence[Override] = ()
) -> np.ndarray:
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
        (draw, year, ...): the effect as if all of it lasted.
    quantum : numpy.ndarray
        (draw,) [1]
    overrides : sequence of Override

    Returns
    -------
    numpy.ndarray
        (draw, year, ...): :math:`q E_t + (1 - q) \sum_u \Delta E_u k_{t-u}`, with the
        kernel :math:`k` of :func:`timing_kernel`.
    """
    steps = np.diff(full, axis=1, prepend=0.0)
    kernel = timing_kernel(full.shape[1], overrides)
    moved = np.zeros_like(full)
    for since, weight in enumerate(kernel):
        if weight != 0.0:
            moved[:, since:] += weight * steps[:, : full.shape[1] - since]
    q = quantum.reshape(-1, *[1] * (full.ndim - 1))
    timed: np.ndarray = q * full + (1.0 - q) * moved
    return timed


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

"""The variable registry: dims, unit, bounds and meaning of every array popsim reads or writes.

It drives validation (:mod:`popsim.schema.checks`), the attributes of results and
the reference page of the documentation, so a unit is written down once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import xarray as xr

FEMALE, MALE = "female", "male"
SEXES: tuple[str, str] = (FEMALE, MALE)

PERSONS = "persons"
ONE = "1"


@dataclass(frozen=True)
class Variable:
    """What one variable is.

    Attributes
    ----------
    name : str
        Name in Datasets; the field's own term.
    dims : tuple of str
        Core dimensions in canonical order; any other dimension broadcasts by name.
    unit : str
    en, zh : str
        Short labels for tables and plots.
    meaning : str
        One line; says cohort or period, instant or interval where it matters.
    lower, upper : float
        Closed bounds; a value outside raises.
    hint : str
        What a value outside of the bounds usually means.
    """

    name: str
    dims: tuple[str, ...]
    unit: str
    en: str
    zh: str
    meaning: str
    lower: float = -math.inf
    upper: float = math.inf
    hint: str = ""

    def attrs(self) -> dict[str, Any]:
        """Attributes that a result variable carries."""
        return {
            "units": self.unit,
            "long_name": self.en,
            "long_name_zh": self.zh,
            "description": self.meaning,
        }


def _table(*rows: Variable) -> dict[str, Variable]:
    return {row.name: row for row in rows}


_AGE_FLOW = ("year", "sex", "age")
_RATE_HINT = "is it per 1,000? divide by 1000"
#: No woman bears more than two children in a year of age, in any population observed.
_MAX_FERTILITY = 2.0
#: Person-year rates above this do not occur at any age a life table closes with.
_MAX_MORTALITY = 5.0

VARIABLES: dict[str, Variable] = _table(
    # --- inputs of project() -----------------------------------------------------------
    Variable(
        "population",
        ("sex", "age"),
        PERSONS,
        "Population",
        "人口",
        "Persons by completed age; an input stands on 1 January of the first year, "
        "a result at each `time`.",
        lower=0.0,
        hint="population counts cannot be negative",
    ),
    Variable(
        "survival_ratio",
        _AGE_FLOW,
        ONE,
        "Survival ratio",
        "存活率",
        "Share of the cohort reaching the age group that survives the step; age 0 applies to "
        "births; the open group applies to the last two groups together.",
        lower=0.0,
        upper=1.0,
        hint="a survival ratio is a share between 0 and 1",
    ),
    Variable(
        "mortality_rate",
        _AGE_FLOW,
        "deaths per person-year",
        "Death rate",
        "死亡率",
        "Central (period) death rate by age.",
        lower=0.0,
        upper=_MAX_MORTALITY,
        hint=_RATE_HINT,
    ),
    Variable(
        "fertility_rate",
        ("year", "age"),
        "births per woman and year",
        "Age-specific fertility rate",
        "年龄别生育率",
        "Births in the year per woman of the age (period rate); zero outside of the "
        "reproductive ages, and in the first and the open age group.",
        lower=0.0,
        upper=_MAX_FERTILITY,
        hint=_RATE_HINT,
    ),
    Variable(
        "fertility_rate_by_order",
        ("year", "order", "age"),
        "births per woman and year",
        "Age-specific fertility rate by birth order",
        "分孩次年龄别生育率",
        "Incidence rate: births of the order per woman of the age, of any parity; the orders "
        "add up to fertility_rate.",
        lower=0.0,
        upper=_MAX_FERTILITY,
        hint=_RATE_HINT,
    ),
    Variable(
        "sex_ratio_at_birth",
        ("year",),
        "males per female",
        "Sex ratio at birth",
        "出生性别比",
        "Live-born boys per live-born girl.",
        lower=0.9,
        upper=1.4,
        hint="it is males per female: about 1.05, not 105 per 100 and not females per male (0.95)",
    ),
    Variable(
        "net_migration",
        _AGE_FLOW,
        "persons per year",
        "Net migration",
        "净迁移人数",
        "In- less out-migrants in the year by completed age.",
    ),
    Variable(
        "net_migration_rate",
        _AGE_FLOW,
        "per person and year",
        "Net migration rate",
        "净迁移率",
        "Net migrants per person of the sex and age at the start of the year.",
        lower=-1.0,
        upper=5.0,
        hint=_RATE_HINT,
    ),
    Variable(
        "net_migration_total",
        ("year",),
        "persons per year",
        "Total net migration",
        "净迁移总数",
        "Spread over sex and age in proportion to the population at the start of the year.",
    ),
    # --- results ----------------------------------------------------------------------
    Variable(
        "births",
        ("year", "age"),
        PERSONS,
        "Births",
        "出生人数",
        "Live births in the step by age of the mother.",
        lower=0.0,
    ),
    Variable(
        "deaths",
        _AGE_FLOW,
        PERSONS,
        "Deaths",
        "死亡人数",
        "Deaths in the step by the age group that the cohort reaches at its end.",
        lower=0.0,
    ),
    Variable(
        "migration_adjustment",
        _AGE_FLOW,
        PERSONS,
        "Migration adjustment",
        "净迁移修正",
        "Net migration applied less net migration asked for; not zero only where the "
        "migration asked for would have emptied the age group.",
    ),
    Variable(
        "population_final",
        ("sex", "age"),
        PERSONS,
        "Population at the end",
        "期末人口",
        "Population by single age at the last `time`.",
        lower=0.0,
    ),
    Variable(
        "cost",
        ("year", "instrument"),
        "yuan",
        "Public spending",
        "财政支出",
        "Nominal payments in the year to the recipients of the instrument.",
    ),
    # --- life tables --------------------------------------------------------------------
    Variable(
        "ax",
        _AGE_FLOW,
        "years",
        "a(x)",
        "a(x)",
        "Average person-years lived in the age interval by those who die in it.",
        lower=0.0,
    ),
    Variable(
        "qx",
        _AGE_FLOW,
        ONE,
        "Probability of dying",
        "死亡概率",
        "Probability of dying between exact age x and the next.",
        lower=0.0,
        upper=1.0,
    ),
    Variable(
        "lx",
        _AGE_FLOW,
        ONE,
        "Survivors",
        "尚存人数",
        "Survivors to exact age x, radix 1.",
        lower=0.0,
        upper=1.0,
    ),
    Variable(
        "dx",
        _AGE_FLOW,
        ONE,
        "Life table deaths",
        "死亡人数(生命表)",
        "Deaths between exact age x and the next, radix 1.",
        lower=0.0,
        upper=1.0,
    ),
    Variable(
        "Lx",
        _AGE_FLOW,
        "person-years",
        "Person-years lived",
        "生存人年数",
        "Person-years lived in the age interval, radix 1.",
        lower=0.0,
    ),
    Variable(
        "Tx",
        _AGE_FLOW,
        "person-years",
        "Person-years remaining",
        "累计生存人年数",
        "Person-years lived above exact age x, radix 1.",
        lower=0.0,
    ),
    Variable(
        "ex",
        _AGE_FLOW,
        "years",
        "Life expectancy",
        "平均预期寿命",
        "Expected years of life remaining at exact age x (period).",
        lower=0.0,
    ),
)


def describe(dataset: xr.Dataset) -> xr.Dataset:
    """Return the Dataset with the registry's units and labels on every variable it knows.

    Attributes that a variable already carries win over the registry's.

    Examples
    --------
    >>> import xarray as xr
    >>> describe(xr.Dataset({"births": ("year", [1.0])})).births.attrs["units"]
    'persons'
    """
    out = dataset.copy()
    for name, array in out.data_vars.items():
        known = VARIABLES.get(str(name))
        if known is not None:
            array.attrs = {**known.attrs(), **array.attrs}
    return out

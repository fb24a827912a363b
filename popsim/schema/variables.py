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
        lower=1.0,
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
        lower=-100.0,
        upper=100.0,
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
    Variable(
        "registered_share",
        (),
        ONE,
        "Share of births to registered families",
        "户籍家庭出生占比",
        "Births to families of the household register as a share of births to residents.",
        lower=0.0,
        upper=1.0,
        hint="a share between 0 and 1",
    ),
    Variable(
        "total_fertility_rate",
        ("year",),
        "births per woman",
        "Total fertility rate",
        "总和生育率",
        "Sum of the year's age-specific fertility rates times the width of the ages (period).",
        lower=0.0,
        upper=15.0,
    ),
    Variable(
        "dependency_ratio",
        ("time",),
        "percent",
        "Total dependency ratio",
        "总抚养比",
        "Persons aged 0-14 and 65 and over per 100 aged 15-64.",
        lower=0.0,
    ),
    Variable(
        "child_dependency_ratio",
        ("time",),
        "percent",
        "Child dependency ratio",
        "少儿抚养比",
        "Persons aged 0-14 per 100 aged 15-64.",
        lower=0.0,
    ),
    Variable(
        "old_age_dependency_ratio",
        ("time",),
        "percent",
        "Old-age dependency ratio",
        "老年抚养比",
        "Persons aged 65 and over per 100 aged 15-64.",
        lower=0.0,
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
    Variable(
        "exposures",
        _AGE_FLOW,
        "person-years",
        "Exposures",
        "暴露人年数",
        "Person-years lived in the year by completed age (period).",
        lower=0.0,
    ),
    Variable(
        "life_disparity",
        ("year", "sex"),
        "years",
        "Life disparity",
        "寿命损失",
        "Life expectancy lost by death, averaged over all deaths of the life table (period).",
        lower=0.0,
    ),
    Variable(
        "life_table_entropy",
        ("year", "sex"),
        ONE,
        "Life table entropy",
        "生命表熵",
        "Life disparity as a share of life expectancy at birth (period).",
        lower=0.0,
    ),
    Variable(
        "lifespan_sd",
        ("year", "sex"),
        "years",
        "Standard deviation of the age at death",
        "死亡年龄标准差",
        "Standard deviation of the age at death in the life table (period).",
        lower=0.0,
    ),
    # --- fertility measures --------------------------------------------------------------
    Variable(
        "total_fertility_rate",
        ("year",),
        "births per woman",
        "Total fertility rate",
        "总和生育率",
        "Births a woman would have at the rates of the year (period), if she lived through "
        "the reproductive ages.",
        lower=0.0,
        upper=20.0,  # twice the Hutterites' 1921-30, the highest on record (Eaton & Mayer 1953)
        hint="is it per 1,000 women? divide by 1000",
    ),
    Variable(
        "gross_reproduction_rate",
        ("year",),
        "daughters per woman",
        "Gross reproduction rate",
        "粗再生育率",
        "Daughters a woman would bear at the rates of the year (period), without mortality.",
        lower=0.0,
    ),
    Variable(
        "net_reproduction_rate",
        ("year",),
        "daughters per woman",
        "Net reproduction rate",
        "净再生育率",
        "Daughters a newborn girl would bear at the fertility and mortality of the year (period).",
        lower=0.0,
    ),
    Variable(
        "mean_age_at_childbearing",
        ("year",),
        "years",
        "Mean age at childbearing",
        "平均生育年龄",
        "Mean age of the fertility rates of the year (period), free of the age structure.",
        lower=0.0,
    ),
    Variable(
        "variance_of_age_at_childbearing",
        ("year",),
        "years squared",
        "Variance of the age at childbearing",
        "生育年龄方差",
        "Variance over age of the fertility rates of the year (period).",
        lower=0.0,
    ),
    Variable(
        "completed_cohort_fertility",
        ("cohort",),
        "births per woman",
        "Completed cohort fertility",
        "终身生育率",
        "Births per woman of the birth cohort through all reproductive ages (cohort).",
        lower=0.0,
    ),
    Variable(
        "tempo_adjusted_total_fertility_rate",
        ("year",),
        "births per woman",
        "Tempo-adjusted total fertility rate",
        "去进度总和生育率",
        "Bongaarts-Feeney: the total fertility rate had the mean ages by order not moved "
        "in the year (period).",
        lower=0.0,
    ),
    Variable(
        "tempo_adjusted_total_fertility_rate_by_order",
        ("year", "order"),
        "births per woman",
        "Tempo-adjusted total fertility rate by birth order",
        "分孩次去进度总和生育率",
        "Bongaarts-Feeney, one order: the orders add up to the adjusted total (period).",
        lower=0.0,
    ),
    Variable(
        "mean_age_change",
        ("year",),
        "years per year",
        "Change of the mean age at birth",
        "平均生育年龄变化",
        "Annual change of the mean age at birth of the order, by central difference.",
    ),
    # --- mortality models ---------------------------------------------------------------
    Variable(
        "life_expectancy",
        ("year", "sex"),
        "years",
        "Life expectancy at birth",
        "出生时平均预期寿命",
        "Expected years of life at birth under the death rates of the year (period).",
        lower=0.0,
        hint="it is in years, at birth",
    ),
    Variable(
        "infant_mortality",
        ("year", "sex"),
        ONE,
        "Infant mortality",
        "婴儿死亡率",
        "Probability of dying between birth and exact age 1 (1q0, period).",
        lower=0.0,
        upper=1.0,
        hint=_RATE_HINT,
    ),
    Variable(
        "under_five_mortality",
        ("year", "sex"),
        ONE,
        "Under-five mortality",
        "5岁以下儿童死亡率",
        "Probability of dying between birth and exact age 5 (5q0, period).",
        lower=0.0,
        upper=1.0,
        hint=_RATE_HINT,
    ),
    Variable(
        "logit_level",
        ("year", "sex"),
        ONE,
        "Level of Brass's logit",
        "布拉斯logit水平参数",
        "Alpha of Brass's relational model: higher is heavier mortality than the standard's.",
    ),
    Variable(
        "logit_slope",
        ("year", "sex"),
        ONE,
        "Slope of Brass's logit",
        "布拉斯logit斜率参数",
        "Beta of Brass's relational model: above 1, the old die earlier relative to the young.",
    ),
    Variable(
        "alpha_x",
        ("sex", "age"),
        ONE,
        "Lee-Carter alpha",
        "Lee-Carter模型α",
        "Mean over the years of the fit of the logarithm of the death rate.",
    ),
    Variable(
        "beta_x",
        ("sex", "age"),
        ONE,
        "Lee-Carter beta",
        "Lee-Carter模型β",
        "Change of the logarithm of the death rate for a unit of kappa; adds up to 1.",
    ),
    Variable(
        "kappa_t",
        ("year", "sex"),
        ONE,
        "Lee-Carter kappa",
        "Lee-Carter模型κ",
        "Level of mortality in the year; its mean over the years of the fit is 0.",
    ),
    Variable(
        "drift",
        ("sex",),
        "1 per step",
        "Drift of kappa",
        "κ的漂移",
        "Mean change of kappa from one year of the fit to the next.",
    ),
    Variable(
        "drift_standard_error",
        ("sex",),
        "1 per step",
        "Standard error of the drift",
        "漂移的标准误",
        "Standard error of the estimated drift.",
        lower=0.0,
    ),
    Variable(
        "innovation_sd",
        ("sex",),
        ONE,
        "Standard deviation of the innovations",
        "新息标准差",
        "Long-run standard deviation of the yearly changes of kappa about the drift.",
        lower=0.0,
    ),
    Variable(
        "explained_variance",
        ("sex",),
        ONE,
        "Explained variance",
        "解释方差",
        "Share of the variance over time of the log rates that the fit accounts for.",
        upper=1.0,
    ),
    Variable(
        "jump_off_rate",
        ("sex", "age"),
        "deaths per person-year",
        "Jump-off rate",
        "起跳死亡率",
        "Death rate of the last year of the fit, as observed.",
        lower=0.0,
        upper=_MAX_MORTALITY,
        hint=_RATE_HINT,
    ),
    Variable(
        "double_logistic",
        ("sex", "parameter"),
        "years",
        "Parameters of the double logistic",
        "双逻辑斯蒂参数",
        "Deltas in years of life expectancy; k and z in years of gain per five years.",
        lower=0.0,
    ),
    Variable(
        "gain_sd",
        ("sex",),
        "years",
        "Standard deviation of gains",
        "预期寿命增量标准差",
        "Standard deviation of a yearly gain of life expectancy about the model.",
        lower=0.0,
    ),
    Variable(
        "beta_x_own",
        ("sex", "age"),
        ONE,
        "Li-Lee beta of the sex",
        "Li-Lee模型分性别β",
        "Pattern in which a sex departs from the common trend; adds up to 1.",
    ),
    Variable(
        "kappa_t_own",
        ("year", "sex"),
        ONE,
        "Li-Lee kappa of the sex",
        "Li-Lee模型分性别κ",
        "Departure of a sex from the common trend in the year.",
    ),
    Variable(
        "autoregression",
        ("sex",),
        ONE,
        "Autoregression of the departure",
        "偏离的自回归系数",
        "Share of a sex's departure from the common trend that is left a year later.",
    ),
    Variable(
        "departure_constant",
        ("sex",),
        ONE,
        "Constant of the departure",
        "偏离的常数项",
        "Constant of the autoregression of a sex's departure from the common trend.",
    ),
    Variable(
        "innovation_sd_own",
        ("sex",),
        ONE,
        "Standard deviation of the departure's innovations",
        "偏离的新息标准差",
        "Standard deviation of a sex's departure about its autoregression.",
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

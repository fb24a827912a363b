"""Indicators: rows of the registry with what each is computed from, and how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import xarray as xr

from popsim.demography.ages.age_groups import AgeGroups, age_groups
from popsim.demography.fertility.measures import mean_age_at_childbearing, total_fertility_rate
from popsim.demography.indicators.dependency import MAX_ENTRY_WIDTH
from popsim.demography.indicators.structure import (
    SCHOOL_AGES,
    WORKING_AGES,
    ageing_index,
    dependency_ratio,
    mean_age,
    median_age,
    potential_support_ratio,
    school_age_population,
    sex_ratio,
    share,
    women_of_childbearing_age,
    women_of_peak_childbearing_age,
    working_age_entrants,
    working_age_leavers,
)
from popsim.demography.indicators.vital_rates import (
    births_by_order,
    crude_birth_rate,
    crude_death_rate,
    crude_net_migration_rate,
    doubling_time,
    everyone,
    growth_rate,
    natural_increase,
    rate_of_natural_increase,
    share_of_higher_order,
)
from popsim.schema.variables import PERSONS, Variable, table_of

Kind = Literal["stock", "flow"]

_PERCENT = "percent"
_PER_1000 = "per 1,000 persons and year"


@dataclass(frozen=True, kw_only=True)
class Indicator(Variable):
    """A row of the registry that is computed from others.

    Attributes
    ----------
    kind : {"stock", "flow"}
        A stock stands at 1 January, a flow covers the year.
    needs : tuple of str
        Variables of the result that it is computed from.
    compute : callable
        From the Dataset of the result to an array with ``time`` (stock) or ``year`` (flow).
    borders : tuple of int
        Exact ages that must be borders of the age groups [years].
    of : tuple of str
        Dimensions that the first variable of ``needs`` must have.
    single_from : int, optional
        Exact age from which the age group must be narrow enough to be entered by the year.
    has_quantiles : bool
        Whether an interval over draws means anything.
    """

    kind: Kind
    needs: tuple[str, ...]
    compute: Callable[[xr.Dataset], xr.DataArray]
    borders: tuple[int, ...] = ()
    of: tuple[str, ...] = ()
    single_from: int | None = None
    has_quantiles: bool = True

    def fits(self, result: xr.Dataset) -> bool:
        """Tell whether a result holds what the indicator is computed from, finely enough."""
        if any(name not in result for name in self.needs):
            return False
        first = result[self.needs[0]]
        if any(dim not in first.dims for dim in self.of):
            return False
        if not self.borders and self.single_from is None:
            return True
        if not {"age", "age_group"} & set(first.dims):
            return False
        groups = age_groups(first)
        if any(border not in groups.lower for border in self.borders):
            return False
        return self.single_from is None or _narrow(groups, self.single_from)


def _narrow(groups: AgeGroups, border: int) -> bool:
    at = groups.between(border, None).start
    return bool(groups.upper[at] - groups.lower[at] <= MAX_ENTRY_WIDTH)


def _says(function: Callable[..., xr.DataArray]) -> str:
    """First line of what a function says of itself."""
    function = function.func if isinstance(function, partial) else function
    return str(function.__doc__).splitlines()[0]


def _stock(
    name: str,
    en: str,
    zh: str,
    unit: str,
    function: Callable[..., xr.DataArray],
    *borders: int,
    of: tuple[str, ...] = (),
    single_from: int | None = None,
    **settings: Any,
) -> Indicator:
    def compute(result: xr.Dataset) -> xr.DataArray:
        return function(result["population"], **settings)

    return Indicator(
        name,
        ("time",),
        unit,
        en,
        zh,
        _says(function),
        kind="stock",
        needs=("population",),
        compute=compute,
        borders=borders,
        of=of,
        single_from=single_from,
    )


def _flow(
    name: str,
    en: str,
    zh: str,
    unit: str,
    function: Callable[..., xr.DataArray],
    *needs: str,
    dims: tuple[str, ...] = ("year",),
    of: tuple[str, ...] = (),
    has_quantiles: bool = True,
) -> Indicator:
    def compute(result: xr.Dataset) -> xr.DataArray:
        return function(*(result[name] for name in needs))

    return Indicator(
        name,
        dims,
        unit,
        en,
        zh,
        _says(function),
        kind="flow",
        needs=needs,
        compute=compute,
        of=of,
        has_quantiles=has_quantiles,
    )


def _by_working_age() -> list[Indicator]:
    rows = []
    for label, (lower, upper) in WORKING_AGES.items():
        tag, borders = f"{lower}_{upper}", (0, lower, upper)
        for kind, en, zh in (
            ("total", "Total", "总抚养比"),
            ("child", "Child", "少儿抚养比"),
            ("old_age", "Old-age", "老年抚养比"),
        ):
            rows.append(
                _stock(
                    f"{kind}_dependency_ratio_{tag}",
                    f"{en} dependency ratio ({label})",
                    f"{zh}({label})",
                    _PERCENT,
                    dependency_ratio,
                    *borders,
                    working_age=(lower, upper),
                    kind=kind,
                )
            )
        rows += [
            _stock(
                f"potential_support_ratio_{tag}",
                f"Potential support ratio ({label})",
                f"潜在抚养比({label})",
                "persons of working age per older person",
                potential_support_ratio,
                *borders,
                working_age=(lower, upper),
            ),
            _stock(
                f"ageing_index_{tag}",
                f"Ageing index ({upper}+ per 100 below {lower})",
                f"老少比({upper}+/{lower}岁以下)",
                _PERCENT,
                ageing_index,
                *borders,
                working_age=(lower, upper),
            ),
            _stock(
                f"working_age_leavers_{upper}",
                f"Persons reaching age {upper}",
                f"退出劳动年龄人口({upper}岁)",
                "persons per year",
                working_age_leavers,
                upper,
                single_from=upper,
                working_age=(lower, upper),
            ),
        ]
    return rows


def _school_ages() -> list[Indicator]:
    labels = {
        "kindergarten": ("Kindergarten", "学前"),
        "primary": ("Primary school", "小学"),
        "junior_secondary": ("Junior secondary school", "初中"),
        "senior_secondary": ("Senior secondary school", "高中"),
    }
    return [
        _stock(
            f"{stage}_age_population",
            f"{labels[stage][0]} ages, {lower}-{upper - 1}",
            f"{labels[stage][1]}适龄人口({lower}-{upper - 1}岁)",
            PERSONS,
            school_age_population,
            lower,
            upper,
            stage=stage,
        )
        for stage, (lower, upper) in SCHOOL_AGES.items()
    ]


def _shares() -> list[Indicator]:
    rows = []
    for lower, upper in ((0, 15), (15, 60), (15, 65), (60, None), (65, None), (80, None)):
        last = "+" if upper is None else f"-{upper - 1}"
        borders = (0, lower) if upper is None else (0, lower, upper)
        rows.append(
            _stock(
                f"share_{lower}_plus" if upper is None else f"share_{lower}_{upper - 1}",
                f"Share aged {lower}{last}",
                f"{lower}{last}岁人口比重",
                _PERCENT,
                share,
                *borders,
                lower=lower,
                upper=upper,
            )
        )
    return rows


_BOTH = ("sex",)
_ROWS: tuple[Indicator, ...] = (
    _stock("population", "Population", "总人口", PERSONS, everyone),
    *_shares(),
    *_by_working_age(),
    _stock("median_age", "Median age", "年龄中位数", "years", median_age, 0),
    _stock("mean_age", "Mean age", "平均年龄", "years", mean_age, 0),
    _stock(
        "sex_ratio",
        "Sex ratio",
        "总人口性别比(女=100)",
        "males per 100 females",
        sex_ratio,
        0,
        of=_BOTH,
    ),
    _stock(
        "women_15_49",
        "Women aged 15-49",
        "育龄妇女(15-49岁)",
        PERSONS,
        women_of_childbearing_age,
        15,
        50,
        of=_BOTH,
    ),
    _stock(
        "women_20_34",
        "Women aged 20-34",
        "旺盛期育龄妇女(20-34岁)",
        PERSONS,
        women_of_peak_childbearing_age,
        20,
        35,
        of=_BOTH,
    ),
    *_school_ages(),
    _stock(
        "working_age_entrants",
        "Persons reaching age 15",
        "进入劳动年龄人口(15岁)",
        "persons per year",
        working_age_entrants,
        15,
        65,
        single_from=15,
    ),
    _flow("births", "Births", "出生人数", PERSONS, everyone, "births"),
    _flow("deaths", "Deaths", "死亡人数", PERSONS, everyone, "deaths"),
    _flow(
        "natural_increase",
        "Natural increase",
        "自然增长人数",
        PERSONS,
        natural_increase,
        "births",
        "deaths",
    ),
    _flow("net_migration", "Net migration", "净迁移人数", PERSONS, everyone, "net_migration"),
    _flow(
        "crude_birth_rate",
        "Crude birth rate",
        "出生率",
        _PER_1000,
        crude_birth_rate,
        "births",
        "population",
    ),
    _flow(
        "crude_death_rate",
        "Crude death rate",
        "死亡率",
        _PER_1000,
        crude_death_rate,
        "deaths",
        "population",
    ),
    _flow(
        "rate_of_natural_increase",
        "Rate of natural increase",
        "自然增长率",
        _PER_1000,
        rate_of_natural_increase,
        "births",
        "deaths",
        "population",
    ),
    _flow(
        "crude_net_migration_rate",
        "Net migration rate",
        "净迁移率",
        _PER_1000,
        crude_net_migration_rate,
        "net_migration",
        "population",
    ),
    _flow(
        "growth_rate", "Growth rate", "人口增长率", "percent per year", growth_rate, "population"
    ),
    _flow(
        "doubling_time",
        "Doubling time",
        "人口倍增时间",
        "years",
        doubling_time,
        "population",
        has_quantiles=False,  # a growth rate near zero sends it from +inf to -inf
    ),
    _flow(
        "births_by_order",
        "Births by order",
        "分孩次出生人数",
        PERSONS,
        births_by_order,
        "births",
        dims=("year", "order"),
        of=("order",),
    ),
    _flow(
        "share_of_order_2_or_higher",
        "Births of order 2 or higher",
        "二孩及以上出生占比",
        _PERCENT,
        partial(share_of_higher_order, order=2),
        "births",
        of=("order",),
    ),
    _flow(
        "total_fertility_rate",
        "Total fertility rate",
        "总和生育率",
        "births per woman",
        total_fertility_rate,
        "fertility_rate",
        of=("age",),
    ),
    _flow(
        "mean_age_at_childbearing",
        "Mean age at childbearing",
        "平均生育年龄",
        "years",
        mean_age_at_childbearing,
        "fertility_rate",
        of=("age",),
    ),
)

INDICATORS: dict[str, Indicator] = table_of(*_ROWS)

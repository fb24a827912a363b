"""``board()``: indicators against their targets, with bands, probabilities and a status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from popsim import data
from popsim.analysis.drivers import births_drivers, can_be_decomposed
from popsim.analysis.measures import measure
from popsim.demography.indicators.vital_rates import everyone
from popsim.errors import DimensionError, InputError, MissingVariableError, did_you_mean
from popsim.languages import ENGLISH, in_each, languages, long_names
from popsim.policy.places import childcare_places
from popsim.scenario.indicators import Indicator, Observation
from popsim.scenario.load import load_scenario
from popsim.scenario.model import Scenario
from popsim.schema.provenance import provenance
from popsim.uncertainty.quantiles import QUANTILES, quantiles

BASELINE = "baseline"
#: Measures whose change has to do with the number of births, which is what is decomposed.
OF_BIRTHS = (
    "births",
    "birth_rate",
    "natural_growth_rate",
    "share_second_and_higher",
    "total_fertility_rate",
)
#: What is added to the reason: measures that a scenario declares are no outcome of it.
#: Measures that a scenario's file declares the path of; an observation moves nothing.
_DECLARED = ("places_per_1000", "childcare_coverage")

_NOTES = {"places_per_1000": "; the places are those that the scenario declares"}
#: A value that differs from the bound by less than this share of it is at the bound: rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Board:
    """The board of a scenario.

    Attributes
    ----------
    table : pandas.DataFrame
        One row an indicator; the columns are listed at :func:`board`.
    bands : xarray.Dataset
        ``projected`` (indicator, scenario, quantile, year) [the unit of each indicator]:
        median and 80 % band, on the level of the last observation; computed indicators only.
    drivers : pandas.DataFrame
        What the change in births between two years is made of: since, until, component, en,
        zh, lower, mean, upper [persons a year]. The means add up to the row "total". Empty
        where the result is a summary.
    """

    table: pd.DataFrame
    bands: xr.Dataset
    drivers: pd.DataFrame

    def __repr__(self) -> str:
        counts = self.table["status"].value_counts(sort=False)
        said = ", ".join(f"{n} {str(status).replace('_', ' ')}" for status, n in counts.items())
        return f"Board({len(self.table)} indicators: {said}; {len(self.drivers)} drivers)"


@dataclass(frozen=True)
class _Verdict:
    """A status with the rule behind it; with a probability, only what is added to the rule."""

    status: str
    reason: dict[str, str]  # by language
    probability: float = np.nan
    probability_baseline: float = np.nan


def board(
    result: xr.Dataset,
    scenario: Scenario | str | PathLike[str],
    *,
    baseline: xr.Dataset | None = None,
    as_of: int | None = None,
    rules: pd.DataFrame | None = None,
) -> Board:
    r"""Hold the indicators of a scenario against their targets.

    Parameters
    ----------
    result : xarray.Dataset
        From :func:`popsim.simulate`, with the baseline and the scenario. With
        ``outputs="full"`` the change in births is decomposed too.
    scenario : Scenario, name or path
        Whose indicators.
    baseline : xarray.Dataset, optional
        What was simulated: measures of its life table need it.
    as_of : int, optional
        The last year whose observations are known; all of them by default.
    rules : DataFrame, optional
        The table ``board_rules`` by default: status and from_probability, with texts.

    Returns
    -------
    Board
        Its ``table`` has the columns

        - id, number, title_en, title_zh, unit_en, unit_zh, kind, measure
        - observed_year, observed: the last observation
        - target_year, direction, target_lower, target_upper: what meets the target;
          target_valued: whether the document gives a number; target_quote: its words
        - gap: the last observation less the baseline's median in its year
        - year, and lower, median, upper of baseline and scenario in it (baseline_lower, ...)
        - probability_baseline, probability: share of the draws that meet the target
        - met: whether the last observation already does
        - status, status_en, status_zh, reason_en, reason_zh

    Raises
    ------
    DimensionError
        The result has no scenarios or draws, or several regions.
    InputError
        The result has no such scenario, or the scenario no indicators.
    ScenarioError, UnknownPlaceError
        A scenario that cannot be loaded.
    BoundsError, CoordinateError
        As from :func:`popsim.analysis.measures.measure`.

    Notes
    -----
    A projection starts where the observations end: with the last observed value :math:`o` of
    year :math:`t_0`, draw :math:`d` of scenario :math:`s` stands at
    :math:`v_{s,d}(t) + o - v_{0,d}(t_0)`, with :math:`v_0` the baseline, so that the
    difference of two scenarios is the policy's. ``gap`` says how far that moves the median.
    Where the observation lies outside of the years simulated nothing is moved, nor are
    childcare places: the scenario's file declares them, those observed among them.

    A direction without a number ("steady recovery") is met by a value beyond the observed one
    that it starts from. Where the target year is observed, the observation decides.

    Examples
    --------
    >>> import popsim as ps
    >>> package = ps.load_scenario("huzhou")
    >>> start = ps.load_baseline("huzhou", end=2026)
    >>> result = ps.simulate(start, package, draws=20)
    >>> made = board(result, package)
    >>> made.table.loc[0, ["title_en", "direction", "kind"]].tolist()
    ['Total fertility rate', 'rise', 'computed']
    """
    package = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
    two = _two(result, package)
    rules = data.table("board_rules") if rules is None else rules
    rows, bands = [], {}
    for declared in package.indicators:
        indicator = _known_by(declared, as_of)
        row = _declared(indicator)
        if indicator.kind == "computed":
            try:
                row, bands[indicator.id] = _projected(row, indicator, two, baseline)
            except MissingVariableError as error:
                row["verdict"] = _Verdict(
                    "not_computable", in_each("board.lacks_variable", error.what)
                )
        row["verdict"] = row.get("verdict") or _tracked(indicator, rules)
        rows.append(row)
    table = _table(rows, rules)
    made = _bands(bands)
    made.attrs = {**result.attrs, **provenance("board", scenario=package.name, as_of=as_of)}
    return Board(table, made, _drivers(two, package.name, table))


def _two(result: xr.Dataset, package: Scenario) -> xr.Dataset:
    """The baseline and the package, with the childcare places that the package declares."""
    for dim in ("scenario", "draw"):
        if dim not in result.dims:
            raise DimensionError(
                f"the result has no dimension {dim!r}",
                where="board",
                got=f"dims {tuple(result.dims)}",
                fix="board takes what popsim.simulate returns",
            )
    if "region" in result.dims:
        raise DimensionError(
            "a board is of one region",
            where="board",
            got="a dimension 'region'",
            allowed="scenario, draw and the variables' own",
            fix="select one: result.sel(region=...)",
        )
    names = [str(s) for s in result["scenario"].values]
    for name in (BASELINE, package.name):
        if name not in names:
            raise InputError(
                f"the result has no scenario {name!r}",
                where="board",
                got=name,
                allowed=", ".join(names),
                fix=did_you_mean(name, names) or "simulate it",
            )
    if not package.indicators:
        raise InputError(
            f"the scenario {package.name} has no indicators",
            where="board",
            got="none",
            allowed="one or more under 'indicators' of the file",
            fix="add what the document measures itself by",
        )
    two = result.sel(scenario=[BASELINE, package.name])
    if "childcare_places" not in two and "population" in two:
        people = everyone(two["population"]).isel(time=slice(1, None)).rename(time="year")
        places = childcare_places(package, people.assign_coords(year=two["year"].values))
        if places is not None:
            two = two.assign(childcare_places=places)
    return two


def _known_by(indicator: Indicator, as_of: int | None) -> Indicator:
    if as_of is None:
        return indicator
    known = tuple(o for o in indicator.observed if o.year <= as_of)
    return indicator.model_copy(update={"observed": known})


def _declared(indicator: Indicator) -> dict[str, Any]:
    """What the file says of an indicator."""
    last = indicator.observed[-1] if indicator.observed else None
    target = indicator.target
    lower, upper = indicator.bounds()
    return {
        "id": indicator.id,
        "number": indicator.number,
        "title_en": indicator.title.en,
        "title_zh": indicator.title.zh,
        "unit_en": indicator.unit.en,
        "unit_zh": indicator.unit.zh,
        "kind": indicator.kind,
        "measure": indicator.measure,
        "observed_year": last.year if last else None,
        "observed": last.value if last else np.nan,
        "target_year": target.year if target else None,
        "direction": target.direction if target else None,
        "target_lower": np.nan if lower is None else lower,
        "target_upper": np.nan if upper is None else upper,
        "target_valued": _testable(indicator) and not _bare(indicator),
        "target_quote": target.quote if target else None,
        "met": bool(meets(indicator, np.array(last.value)))
        if last and _testable(indicator)
        else None,
    }


def _testable(indicator: Indicator) -> bool:
    return any(bound is not None for bound in indicator.bounds())


def _bare(indicator: Indicator) -> bool:
    """Whether the target is a direction without a number."""
    target = indicator.target
    return target is not None and target.direction in ("rise", "fall") and target.value is None


def meets(indicator: Indicator, values: np.ndarray) -> np.ndarray:
    """Whether values of an indicator meet its target; at the bound they do.

    A direction without a number asks for more (or less) than the value it starts from, so
    standing still does not meet it.
    """
    lower, upper = indicator.bounds()
    margin = _ROUNDING * (1.0 if _bare(indicator) else -1.0)
    inside = np.isfinite(values)
    if lower is not None:
        inside = inside & (values >= lower + margin * abs(lower))
    if upper is not None:
        inside = inside & (values <= upper - margin * abs(upper))
    return np.asarray(inside)


def _anchored(values: xr.DataArray, last: Observation | None) -> tuple[xr.DataArray, float]:
    """Paths moved to the last observation, and how far the baseline's median was from it."""
    if last is None or last.year not in values["year"].values:
        return values, np.nan
    there = values.sel(year=last.year, drop=True)
    if "scenario" in there.dims:
        there = there.sel(scenario=BASELINE, drop=True)
    return values + (last.value - there), float(last.value - there.median())


def _projected(
    row: dict[str, Any], indicator: Indicator, two: xr.Dataset, baseline: xr.Dataset | None
) -> tuple[dict[str, Any], xr.DataArray]:
    """Add bands, probabilities and verdict to the row of a computed indicator."""
    assert indicator.measure is not None  # the model sees to it
    values = measure(indicator.measure, two, baseline)
    drawn = "draw" in values.dims
    names = [str(s) for s in two["scenario"].values]
    if "scenario" not in values.dims:
        values = values.expand_dims(scenario=names)
    last = indicator.observed[-1] if indicator.observed else None
    if indicator.measure not in _DECLARED:
        values, row["gap"] = _anchored(values, last)
    if drawn:
        band = quantiles(values)
    else:
        ends = [np.nan, 1.0, np.nan]  # an input without draws has a path, and no band
        band = values * xr.DataArray(ends, dims="quantile", coords={"quantile": list(QUANTILES)})
    band = band.transpose("scenario", "quantile", "year")
    target, years = indicator.target, two["year"].values
    year = target.year if target else int(years[-1])
    row["year"] = year
    if year in values["year"].values:
        for label, name in zip(("baseline", "scenario"), names, strict=True):
            at = band.sel(scenario=name, year=year).values
            row |= dict(
                zip((f"{label}_{w}" for w in ("lower", "median", "upper")), at, strict=True)
            )
    row["verdict"] = _verdict(indicator, values, drawn)
    return row, band


def _verdict(indicator: Indicator, values: xr.DataArray, drawn: bool) -> _Verdict | None:
    """Judge the draws; None where there is no target or the observation decides."""
    target = indicator.target
    if target is None or _decided(indicator) is not None:
        return None
    if _bare(indicator) and not _testable(indicator):
        return _Verdict(
            "not_computable",
            in_each(
                "board.no_start",
                "the target is a direction, and no observed value says from where",
            ),
        )
    if not _testable(indicator):
        return _Verdict(
            "not_computable",
            in_each("board.no_number", "the target names no number: the band is shown, unjudged"),
        )
    if target.year not in values["year"].values:
        first, last = (int(y) for y in values["year"].values[[0, -1]])
        return _Verdict(
            "not_computable",
            in_each(
                "board.year_not_simulated",
                "the target year {year} is not simulated ({first}-{last})",
                year=target.year,
                first=first,
                last=last,
            ),
        )
    if not drawn:
        return _Verdict(
            "not_computable",
            in_each(
                "board.no_draws",
                "an input of the baseline's life table, not an outcome: no draws, no probability",
            ),
        )
    there = meets(indicator, values.sel(year=target.year).transpose("scenario", "draw").values)
    before, after = (float(chance) for chance in there.mean(axis=1))
    note = _NOTES.get(str(indicator.measure))
    added = {} if note is None else in_each(f"board.note.{indicator.measure}", note)
    return _Verdict("", added, probability=after, probability_baseline=before)


def _decided(indicator: Indicator) -> Observation | None:
    """The observation of the target year, or the first after it."""
    target = indicator.target
    if target is None or not _testable(indicator):
        return None
    return next((o for o in indicator.observed if o.year >= target.year), None)


def _tracked(indicator: Indicator, rules: pd.DataFrame) -> _Verdict:
    """The verdict where nothing is projected against a target."""
    seen = _decided(indicator)
    if indicator.kind == "tracked":
        rule = rules.set_index("status").to_dict("index")["tracked"]
        reason = _rule_text(rule)
        if indicator.observed and _testable(indicator):
            last = indicator.observed[-1]
            reached = bool(meets(indicator, np.array(last.value)))
            if reached:
                added = in_each("board.met", "; {year}: target met", year=last.year)
            else:
                added = in_each("board.not_met", "; {year}: target not met yet", year=last.year)
            reason = _joined(reason, added)
        return _Verdict("tracked", reason)
    if seen is None:
        return _Verdict("tracked", in_each("board.no_target", "the document sets no target"))
    if meets(indicator, np.array(seen.value)):
        said = in_each("board.observed_met", "met: observed in {year}", year=seen.year)
        return _Verdict("on_track", said)
    said = in_each("board.observed_missed", "missed: observed in {year}", year=seen.year)
    return _Verdict("off_track", said)


def _rule_text(rule: Mapping[Any, Any], **parts: object) -> dict[str, str]:
    """The rule of a status by language, as its table has it; English where a column lacks."""
    english = str(rule["rule_en"])
    return {
        code: str(rule.get(f"rule_{code}", english)).format(**parts)
        for code in (ENGLISH, *languages())
    }


def _joined(first: dict[str, str], then: dict[str, str]) -> dict[str, str]:
    return {code: text + then.get(code, then.get(ENGLISH, "")) for code, text in first.items()}


def _graded(verdict: _Verdict, rules: pd.DataFrame) -> _Verdict:
    """Turn a probability into a status by the first rule, from above, that it reaches."""
    if not np.isfinite(verdict.probability):
        return verdict
    graded = rules.dropna(subset="from_probability").sort_values("from_probability")
    reached = graded[graded["from_probability"] <= verdict.probability]
    if not len(reached):
        raise InputError(
            "no rule covers this probability",
            where="rules",
            got=verdict.probability,
            allowed="rules down to a from_probability of 0",
        )
    rule = reached.iloc[-1].to_dict()
    reason = _joined(_rule_text(rule, probability=verdict.probability), verdict.reason)
    return replace(verdict, status=rule["status"], reason=reason)


def _table(rows: list[dict[str, Any]], rules: pd.DataFrame) -> pd.DataFrame:
    labels = rules.set_index("status").to_dict("index")
    columns = [*rows[0], "gap", "year"]
    columns += [f"{w}_{q}" for w in ("baseline", "scenario") for q in ("lower", "median", "upper")]
    columns = [c for c in dict.fromkeys(columns) if c not in ("verdict", "met")]
    columns += ["probability_baseline", "probability", "met"]
    spoken = (ENGLISH, *languages())
    columns += ["status", *(f"status_{c}" for c in spoken), *(f"reason_{c}" for c in spoken)]
    made = []
    for row in rows:
        verdict = _graded(row.pop("verdict"), rules)
        made.append(
            {
                **row,
                "probability_baseline": verdict.probability_baseline,
                "probability": verdict.probability,
                "status": verdict.status,
                **{f"status_{c}": _word(labels[verdict.status], c) for c in spoken},
                **{f"reason_{c}": verdict.reason.get(c, verdict.reason[ENGLISH]) for c in spoken},
            }
        )
    table = pd.DataFrame(made, columns=columns)
    for column in ("number", "observed_year", "target_year", "year"):
        table[column] = table[column].astype("Int64")
    table["met"] = table["met"].astype("boolean")
    return table


def _word(row: Mapping[Any, Any], language: str) -> str:
    return str(row.get(language, row[ENGLISH]))


def _bands(bands: dict[str, xr.DataArray]) -> xr.Dataset:
    if not bands:
        return xr.Dataset()
    ids = xr.DataArray(list(bands), dims="indicator", name="indicator")
    named = [band.rename("projected") for band in bands.values()]
    projected = xr.concat(named, dim=ids, join="outer").rename("projected")
    projected.attrs = {
        "units": "unit of each indicator",
        **long_names("board.projected", "Projected, on the level of the last observation"),
    }
    return projected.to_dataset()


def _drivers(two: xr.Dataset, name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Decompose births between the last observation and the target year of each pair of years."""
    spoken = (ENGLISH, *languages())
    columns = ["since", "until", "component", *spoken, "lower", "mean", "upper"]
    of_births = table[table["measure"].isin(OF_BIRTHS)].dropna(subset=["observed_year", "year"])
    spans = sorted({(int(a), int(b)) for a, b in of_births[["observed_year", "year"]].values})
    years = two["year"].values
    full = can_be_decomposed(two)
    rows = []
    for since, until in spans:
        if not full or not (years[0] <= since < until <= years[-1]):
            continue
        parts = births_drivers(two, name, since=since, until=until)
        listed = [
            (
                str(c["component"].values),
                {code: str(c[f"component_{code}"].values) for code in spoken},
                c,
            )
            for c in parts["contribution"].transpose("component", ...)
        ]
        total = in_each("board.births_change", "change in births")
        listed.append(("total", total, parts["births_change"]))
        for component, said, values in listed:
            low, _, high = quantiles(values.reset_coords(drop=True)).values
            texts = (said.get(code, said[ENGLISH]) for code in spoken)
            rows.append((since, until, component, *texts, low, float(values.mean()), high))
    return pd.DataFrame(rows, columns=columns)

"""The registry's rows on what a projection reads and gives."""

from __future__ import annotations

from popsim.schema.variable import (
    AGE_FLOW,
    MAX_FERTILITY,
    MAX_MORTALITY,
    ONE,
    PERSONS,
    RATE_HINT,
    Form,
    Variable,
)

PROJECTION: tuple[Variable, ...] = (
    # --- inputs of project() -----------------------------------------------------------
    Variable(
        "population",
        ("sex", "age"),
        PERSONS,
        "Population",
        "Persons by sex and completed age on 1 January of the first year.",
        lower=0.0,
        hint="population counts cannot be negative",
        forms=(
            Form(
                ("time", "sex", "age"), "Persons by sex and completed age on 1 January of `time`."
            ),
            Form(
                ("time", "sex", "age_group"), "Persons by sex and age group on 1 January of `time`."
            ),
        ),
    ),
    Variable(
        "survival_ratio",
        AGE_FLOW,
        ONE,
        "Survival ratio",
        "Share of the cohort reaching the age group that survives the step; age 0 applies to "
        "births; the open group applies to the last two groups together.",
        lower=0.0,
        upper=1.0,
        hint="a survival ratio is a share between 0 and 1",
    ),
    Variable(
        "mortality_rate",
        AGE_FLOW,
        "deaths per person-year",
        "Death rate",
        "Central (period) death rate by age.",
        lower=0.0,
        upper=MAX_MORTALITY,
        hint=RATE_HINT,
    ),
    Variable(
        "fertility_rate",
        ("year", "age"),
        "births per woman and year",
        "Age-specific fertility rate",
        "Births in the year per woman of the age (period rate); zero outside of the "
        "reproductive ages, and in the first and the open age group.",
        lower=0.0,
        upper=MAX_FERTILITY,
        hint=RATE_HINT,
    ),
    Variable(
        "fertility_rate_by_order",
        ("year", "order", "age"),
        "births per woman and year",
        "Age-specific fertility rate by birth order",
        "Incidence rate: births of the order per woman of the age, of any parity; the orders "
        "add up to fertility_rate.",
        lower=0.0,
        upper=MAX_FERTILITY,
        hint=RATE_HINT,
    ),
    Variable(
        "sex_ratio_at_birth",
        ("year",),
        "males per female",
        "Sex ratio at birth",
        "Live-born boys per live-born girl.",
        lower=1.0,
        upper=1.4,
        hint="it is males per female: about 1.05, not 105 per 100 and not females per male (0.95)",
    ),
    Variable(
        "net_migration",
        AGE_FLOW,
        "persons per year",
        "Net migration",
        "In- less out-migrants in the year by sex and completed age.",
        forms=(
            Form(AGE_FLOW, "In- less out-migrants in the step by sex and completed age.", PERSONS),
            Form(
                ("year", "sex"), "In- less out-migrants in the step by sex, of all ages.", PERSONS
            ),
        ),
    ),
    Variable(
        "net_migration_rate",
        AGE_FLOW,
        "per person and year",
        "Net migration rate",
        "Net migrants per person of the sex and age at the start of the year.",
        lower=-100.0,
        upper=100.0,
        hint=RATE_HINT,
    ),
    Variable(
        "net_migration_total",
        ("year",),
        "persons per year",
        "Total net migration",
        "Spread over sex and age in proportion to the population at the start of the year.",
    ),
    # --- results ----------------------------------------------------------------------
    Variable(
        "births",
        ("year", "age"),
        PERSONS,
        "Births",
        "Live births in the step by age of the mother.",
        lower=0.0,
        forms=(
            Form(("year",), "Live births in the step, of mothers of all ages."),
            Form(
                ("year", "order"), "Live births in the step by birth order (3: third and higher)."
            ),
            Form(
                ("year", "order", "age"),
                "Live births in the step by birth order (3: third and higher) and age of the "
                "mother.",
            ),
        ),
    ),
    Variable(
        "deaths",
        AGE_FLOW,
        PERSONS,
        "Deaths",
        "Deaths in the step by sex and the age group that the cohort reaches at its end.",
        lower=0.0,
        forms=(Form(("year", "sex"), "Deaths in the step by sex, at all ages."),),
    ),
    Variable(
        "migration_adjustment",
        AGE_FLOW,
        PERSONS,
        "Migration adjustment",
        "Net migration applied less net migration asked for: not zero only where an age group "
        "would have been left empty, of whom 0.00001 persons stay (the guard), or would have "
        "ended below zero (the lift, see population_lift).",
        forms=(
            Form(
                ("year", "sex"),
                "Net migration applied less net migration asked for, all ages together: not zero "
                "only where an age group would have been left empty or below zero.",
            ),
        ),
    ),
    Variable(
        "population_lift",
        AGE_FLOW,
        PERSONS,
        "Lift of groups below zero",
        "Persons by whom an age group that would have ended the step below zero was lifted to "
        "0.0005; a part of migration_adjustment and of net_migration, which less it are the "
        "guard alone and the UN's net migration.",
        lower=0.0,
        forms=(
            Form(
                ("year", "sex"),
                "Persons by whom age groups that would have ended the step below zero were "
                "lifted to 0.0005, all ages together; a part of migration_adjustment.",
            ),
        ),
    ),
    Variable(
        "population_final",
        ("sex", "age"),
        PERSONS,
        "Population at the end",
        "Population by single age at the last `time`.",
        lower=0.0,
    ),
    Variable(
        "registered_share",
        (),
        ONE,
        "Share of births to registered families",
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
        "Sum of the year's age-specific fertility rates times the width of the ages (period).",
        lower=0.0,
        upper=15.0,
    ),
    Variable(
        "dependency_ratio",
        ("time",),
        "percent",
        "Total dependency ratio (15/65)",
        "Persons aged 0-14 and 65 and over per 100 aged 15-64.",
        lower=0.0,
    ),
    Variable(
        "child_dependency_ratio",
        ("time",),
        "percent",
        "Child dependency ratio (15/65)",
        "Persons aged 0-14 per 100 aged 15-64.",
        lower=0.0,
    ),
    Variable(
        "old_age_dependency_ratio",
        ("time",),
        "percent",
        "Old-age dependency ratio (15/65)",
        "Persons aged 65 and over per 100 aged 15-64.",
        lower=0.0,
    ),
    # --- draws of what is uncertain ------------------------------------------------------
    Variable(
        "fertility_factor",
        ("draw", "year"),
        ONE,
        "Factor on fertility rates",
        "Fertility of a draw over the baseline's.",
        lower=0.0,
    ),
    Variable(
        "life_expectancy_shift",
        ("draw", "year", "sex"),
        "years",
        "Shift of life expectancy",
        "Life expectancy at birth of a draw less the baseline's (period).",
    ),
    Variable(
        "migration_shift",
        ("draw", "year"),
        "net migrants per person and year",
        "Shift of net migration",
        "Crude net migration rate of a draw less the baseline's; times the mobility of an age.",
    ),
    Variable(
        "sex_ratio_factor",
        ("draw", "year"),
        ONE,
        "Factor on the sex ratio at birth",
        "Sex ratio at birth of a draw over the baseline's.",
        lower=0.0,
    ),
    Variable(
        "survival_coefficient",
        ("year", "coefficient", "sex", "age"),
        "years of life expectancy to minus the power",
        "Coefficient of survival",
        "Of a power of the shift of life expectancy in the survival ratio, by age reached.",
    ),
    # --- women by parity, children by birth order ---------------------------------------
    Variable(
        "birth_order_share",
        ("order", "age"),
        ONE,
        "Share of births by birth order",
        "Share of each order (3: third and higher) in the births of the first year at the age "
        "of the mother; adds up to 1 over order.",
        lower=0.0,
        upper=1.0,
        hint="a share between 0 and 1; divide the births of an order by those of all orders",
    ),
    Variable(
        "fertility_level",
        (),
        ONE,
        "Total fertility rate over China's",
        "Of the first year, by which the women by parity were reconstructed; draws of the "
        "women by parity vary the same reconstruction.",
        lower=0.0,
    ),
    Variable(
        "children_ever_born",
        ("age",),
        "births per woman",
        "Children ever born",
        "Births per woman of each age on 1 January of the first year (cohort), by which the women "
        "by parity were reconstructed; draws of the women by parity keep it.",
        lower=0.0,
        upper=15.0,
        hint="births per woman, not per 1,000 women",
    ),
    Variable(
        "children_by_order",
        ("order", "child_age"),
        PERSONS,
        "Children by birth order",
        "Children of both sexes by birth order (3: third and higher) and completed age 0 to 17 on "
        "1 January of the first year; adds up to the population of the age.",
        lower=0.0,
        hint="counts of children cannot be negative",
        forms=(
            Form(
                ("time", "order", "child_group"),
                "Children of both sexes by birth order (3: third and higher) and age group, 0 to "
                "17, on 1 January of `time`.",
            ),
        ),
    ),
    Variable(
        "women_by_parity",
        ("parity", "age"),
        PERSONS,
        "Women by parity",
        "Women by number of children borne (0, 1, 2, 3 or more) and completed age on 1 January of "
        "the first year; adds up to the women.",
        lower=0.0,
        hint="counts of women cannot be negative",
        forms=(
            Form(
                ("time", "parity", "age"),
                "Women by number of children borne (0, 1, 2, 3 or more) and completed age on "
                "1 January of `time`; adds up to the women.",
            ),
            Form(
                ("time", "parity"),
                "Women aged 15 to 49 by number of children borne (0, 1, 2, 3 or more) on 1 January "
                "of `time`.",
            ),
        ),
    ),
    Variable(
        "women_by_parity_final",
        ("parity", "age"),
        PERSONS,
        "Women by parity at the end",
        "Women by number of children borne (0, 1, 2, 3 or more) and completed age at the last "
        "`time`.",
        lower=0.0,
    ),
    Variable(
        "conditional_fertility_rate",
        ("year", "parity", "age"),
        "births per woman of the parity and year",
        "Conditional fertility rate",
        "Births of the next order per woman of the parity (3: third and higher births per "
        "woman with three or more); not to be confused with incidence rates, which are per "
        "woman of any parity.",
        lower=0.0,
        upper=1.0,
        hint="at most one confinement a year; births of an order divided by women of too few "
        "of a parity (incidence rates passed as conditional?)",
    ),
    Variable(
        "first_birth_factor",
        ("year", "band"),
        ONE,
        "Factor on first births",
        "Multiplies the conditional rates of first births of the band of mothers' ages.",
        lower=0.0,
    ),
    Variable(
        "parity_share",
        ("parity", "age"),
        ONE,
        "Share of women by parity",
        "Women of the parity as a share of the women of the age; adds up to 1 over parity.",
        lower=0.0,
        upper=1.0,
        hint="a share between 0 and 1; divide the women of each parity by all of the age",
    ),
    Variable(
        "parity_progression_ratio",
        ("parity",),
        ONE,
        "Parity progression ratio",
        "Share of the women who reach the parity who go on to a further birth.",
        lower=0.0,
        upper=1.0,
    ),
    Variable(
        "parity_adjusted_total_fertility_rate",
        (),
        "births per woman",
        "Parity- and age-adjusted total fertility rate",
        "Births per woman of a cohort that passes through the period's conditional rates.",
        lower=0.0,
    ),
    Variable(
        "births_per_woman_by_order",
        ("order",),
        "births per woman",
        "Births per woman by birth order",
        "Births of the order per woman of a cohort.",
        lower=0.0,
    ),
    Variable(
        "mean_age_by_order",
        ("order",),
        "years",
        "Mean age at birth by order",
        "Mean age of the mother at births of the order.",
        lower=0.0,
    ),
    Variable(
        "completed_fertility_by_parity",
        ("cohort",),
        "births per woman",
        "Completed fertility of the cohort",
        "Children borne per woman of the birth cohort at the end of the reproductive ages.",
        lower=0.0,
    ),
)

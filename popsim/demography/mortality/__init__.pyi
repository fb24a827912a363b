from popsim.demography.mortality import lee_carter as lee_carter
from popsim.demography.mortality.child_mortality import (
    adjust_child_mortality as adjust_child_mortality,
)
from popsim.demography.mortality.closing import (
    abridge as abridge,
    close_kannisto as close_kannisto,
    complete as complete,
    group_open_age as group_open_age,
)
from popsim.demography.mortality.e0_paths import (
    double_logistic_gain as double_logistic_gain,
    fit_double_logistic as fit_double_logistic,
    project_life_expectancy as project_life_expectancy,
    world_parameters as world_parameters,
)
from popsim.demography.mortality.infants import separate_infants as separate_infants
from popsim.demography.mortality.lee_carter import (
    fit_coherent_lee_carter as fit_coherent_lee_carter,
    fit_lee_carter as fit_lee_carter,
    fit_lee_carter_poisson as fit_lee_carter_poisson,
)
from popsim.demography.mortality.lee_carter_forecast import (
    forecast_lee_carter as forecast_lee_carter,
    rates_for_life_expectancy as rates_for_life_expectancy,
    rotated_pattern as rotated_pattern,
    ultimate_pattern as ultimate_pattern,
)
from popsim.demography.mortality.levels import (
    blend_to_life_expectancy as blend_to_life_expectancy,
    scale_to_life_expectancy as scale_to_life_expectancy,
    scale_to_life_expectancy_of_both_sexes as scale_to_life_expectancy_of_both_sexes,
)
from popsim.demography.mortality.lifespan import lifespan_variation as lifespan_variation
from popsim.demography.mortality.lifetable import (
    life_table as life_table,
    life_table_from_deaths as life_table_from_deaths,
    life_table_from_probabilities as life_table_from_probabilities,
)
from popsim.demography.mortality.relational import (
    brass_logit as brass_logit,
    fit_brass_logit as fit_brass_logit,
)
from popsim.demography.mortality.survival import (
    deaths_by_age as deaths_by_age,
    survival_ratio as survival_ratio,
)

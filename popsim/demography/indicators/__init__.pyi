from popsim.demography.fertility.measures import (
    mean_age_at_childbearing as mean_age_at_childbearing,
    total_fertility_rate as total_fertility_rate,
)
from popsim.demography.indicators.decomposition import (
    das_gupta as das_gupta,
    decompose_births as decompose_births,
    kitagawa as kitagawa,
    theil_index as theil_index,
)
from popsim.demography.indicators.dependency import (
    WORKING_AGES as WORKING_AGES,
    ageing_index as ageing_index,
    dependency_ratio as dependency_ratio,
    potential_support_ratio as potential_support_ratio,
    working_age_entrants as working_age_entrants,
    working_age_leavers as working_age_leavers,
)
from popsim.demography.indicators.momentum import (
    population_momentum as population_momentum,
    stable_equivalent as stable_equivalent,
)
from popsim.demography.indicators.registry import INDICATORS as INDICATORS, Indicator as Indicator
from popsim.demography.indicators.stable import (
    intrinsic_growth_rate as intrinsic_growth_rate,
    stable_population as stable_population,
)
from popsim.demography.indicators.structure import (
    SCHOOL_AGES as SCHOOL_AGES,
    mean_age as mean_age,
    median_age as median_age,
    population_between as population_between,
    school_age_population as school_age_population,
    sex_ratio as sex_ratio,
    share as share,
    women_of_childbearing_age as women_of_childbearing_age,
    women_of_peak_childbearing_age as women_of_peak_childbearing_age,
)
from popsim.demography.indicators.tables import table as table
from popsim.demography.indicators.vital_rates import (
    births_by_order as births_by_order,
    crude_birth_rate as crude_birth_rate,
    crude_death_rate as crude_death_rate,
    crude_net_migration_rate as crude_net_migration_rate,
    doubling_time as doubling_time,
    growth_rate as growth_rate,
    mid_year_population as mid_year_population,
    natural_increase as natural_increase,
    rate_of_natural_increase as rate_of_natural_increase,
    share_of_higher_order as share_of_higher_order,
)

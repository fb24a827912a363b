from popsim.demography.ages.graduation import (
    graduate_counts as graduate_counts,
    graduate_net_migration as graduate_net_migration,
    graduate_rates as graduate_rates,
)
from popsim.demography.ages.group_rows import parse_age_groups as parse_age_groups
from popsim.demography.ages.heaping import (
    myers_index as myers_index,
    whipple_index as whipple_index,
)
from popsim.demography.ages.osculatory import (
    beers_matrix as beers_matrix,
    sprague_matrix as sprague_matrix,
)
from popsim.demography.ages.single_years import graduate_baseline as graduate_baseline

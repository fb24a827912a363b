from popsim.baselines import china as china
from popsim.baselines.base_population import move_to_january as move_to_january
from popsim.baselines.birth_orders import (
    children_by_order as children_by_order,
    national_order_mix as national_order_mix,
    order_shares as order_shares,
    with_birth_orders as with_birth_orders,
)
from popsim.baselines.build import build_baseline as build_baseline
from popsim.baselines.internal_migration import internal_migration_rate as internal_migration_rate
from popsim.baselines.load import PLACES as PLACES, census as census, load_baseline as load_baseline
from popsim.baselines.marriage import (
    first_birth_factor as first_birth_factor,
    married_share as married_share,
)
from popsim.baselines.parity_census import (
    women_by_parity_from_census as women_by_parity_from_census,
)
from popsim.baselines.parity_past import parity_from_past as parity_from_past
from popsim.baselines.parity_start import (
    starting_shares as starting_shares,
    starting_women as starting_women,
)
from popsim.baselines.past_fertility import PastFertility as PastFertility, read_past as read_past
from popsim.baselines.regions import (
    load_regions as load_regions,
    rake_single_ages as rake_single_ages,
    region_table as region_table,
    stack_regions as stack_regions,
)
from popsim.baselines.registered import (
    registered_share as registered_share,
    registered_share_of_births as registered_share_of_births,
)
from popsim.baselines.variants import (
    VARIANTS as VARIANTS,
    constant_fertility as constant_fertility,
    constant_mortality as constant_mortality,
    high_fertility as high_fertility,
    instant_replacement as instant_replacement,
    instant_replacement_zero_migration as instant_replacement_zero_migration,
    low_fertility as low_fertility,
    momentum as momentum,
    no_change as no_change,
    zero_migration as zero_migration,
)

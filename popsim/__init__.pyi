from popsim import errors as errors, plot as plot
from popsim.analysis import sensitivity as sensitivity
from popsim.analysis.capacity import capacity as capacity
from popsim.analysis.compare import compare as compare
from popsim.analysis.cost_effectiveness import cost_effectiveness as cost_effectiveness
from popsim.analysis.frontier import frontier as frontier
from popsim.analysis.monitor import board as board
from popsim.analysis.optimise import optimise as optimise
from popsim.baselines.build import build_baseline as build_baseline
from popsim.baselines.load import load_baseline as load_baseline
from popsim.baselines.parity_census import (
    women_by_parity_from_census as women_by_parity_from_census,
)
from popsim.baselines.regions import load_regions as load_regions
from popsim.demography import indicators as indicators
from popsim.demography.mortality.lifetable import life_table as life_table
from popsim.options import set_options as set_options
from popsim.policy import evidence as evidence
from popsim.policy.calibration import calibrate_take_up as calibrate_take_up
from popsim.projection import project as project
from popsim.scenario.load import load_scenario as load_scenario
from popsim.scenario.model import Scenario as Scenario
from popsim.simulation import simulate as simulate

__version__: str

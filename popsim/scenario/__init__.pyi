from popsim.scenario.catalogue import (
    scenario_names as scenario_names,
    scenario_path as scenario_path,
)
from popsim.scenario.load import load_scenario as load_scenario, parse_scenario as parse_scenario
from popsim.scenario.model import Scenario as Scenario
from popsim.scenario.options import Override as Override
from popsim.scenario.skeleton import scenario_skeleton as scenario_skeleton

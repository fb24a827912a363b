from popsim.analysis import sensitivity as sensitivity
from popsim.analysis.board_text import board_rows as board_rows, driver_rows as driver_rows
from popsim.analysis.capacity import capacity as capacity
from popsim.analysis.compare import compare as compare
from popsim.analysis.cost_effectiveness import (
    cost_effectiveness as cost_effectiveness,
    fieller_set as fieller_set,
)
from popsim.analysis.drivers import births_drivers as births_drivers
from popsim.analysis.frontier import (
    choose as choose,
    frontier as frontier,
    grid as grid,
    scale as scale,
)
from popsim.analysis.measures import births_by_sex as births_by_sex, measure as measure
from popsim.analysis.monitor import Board as Board, board as board
from popsim.analysis.optimise import Optimum as Optimum, optimise as optimise
from popsim.analysis.sensitivity import (
    perfect_information as perfect_information,
    simulated as simulated,
    sobol_shares as sobol_shares,
    tornado as tornado,
)

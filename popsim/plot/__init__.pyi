from popsim.plot.board import board as board
from popsim.plot.capacity import capacity as capacity
from popsim.plot.forest import forest as forest
from popsim.plot.frontier import frontier as frontier
from popsim.plot.paths import compare as compare, fan as fan
from popsim.plot.pyramids import pyramid as pyramid
from popsim.plot.tornado import tornado as tornado

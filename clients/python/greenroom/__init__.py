"""Many rooms of a Greenroom game at once, for programs that learn to play.

``VectorEnv`` has all rooms and agents in one array for each table of the game's state;
``ParallelEnv`` is one room in the manner of PettingZoo, a dict by agent.
"""

from ._process import GreenroomError
from .parallel import ParallelEnv
from .vector import Control, VectorEnv

__all__ = ["Control", "GreenroomError", "ParallelEnv", "VectorEnv"]

"""Spaces of observations and actions: Gymnasium's, where it is installed, or else the little of them
that is needed here, under the same names.
"""

try:
    from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete, Space
except ImportError:
    from ._spaces import Box, Dict, Discrete, MultiDiscrete, Space  # type: ignore[assignment]

__all__ = ["Box", "Dict", "Discrete", "MultiDiscrete", "Space"]

"""Finished models in Python: `medtui.load(RUN).predict(paths)`. Imports torch, but no screen.

`medtui.load` imports this package when it is called, so `import medtui` stays light.
"""

from medtui.inference.loading import load
from medtui.inference.model import Model, Predictions

__all__ = ["Model", "Predictions", "load"]

"""`python -m medtui` is `medtui`."""

import sys

from medtui.cli import main

sys.exit(main())

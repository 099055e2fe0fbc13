"""Code shared by the tests: recorded runs, drawn images, and ways to drive programs."""

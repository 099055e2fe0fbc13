"""The application on screen: reads run folders, sends signals, knows no torch."""

"""The application on screen: reads run folders and sends signals. Imports no torch."""

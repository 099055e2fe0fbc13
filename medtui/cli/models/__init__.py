"""Uses finished models: measures, exports, predicts, evaluates on other data sets."""

"""Interactive parts of the notebooks; every rule and number behind them lies in the modules they show."""

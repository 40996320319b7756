"""What honest listeners notice of attacks (`__main__.py`) and of outages (`outages.py`)."""

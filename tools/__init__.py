"""Programs for whoever works on the project; the app never imports them."""

"""One module for each async mode, loaded by `serving.load_async_mode`."""

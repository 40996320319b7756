"""HTTP and Socket.IO. Calls `reading` and `music` by what their packages' `__init__.py` export, alone."""

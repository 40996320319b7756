"""HTTP and Socket.IO. Calls `reading` and `music` by their packages' front doors alone."""

"""Everything that speaks HTTP or Socket.IO. May import pipeline, the provider protocol, messages, errors, params and
settings; never a stage."""

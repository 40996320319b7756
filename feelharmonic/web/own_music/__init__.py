"""One's own music over HTTP: streams and covers, the page /library, and who may have them."""

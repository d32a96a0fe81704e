"""The engine over HTTP and WebSocket: one module a family of routes, and what stands before them.

`listener` runs it all in a thread; `api` puts the routes together; `guard` and `limits` decide who gets in.
Nothing in here converts, and nothing knows a user interface.
"""

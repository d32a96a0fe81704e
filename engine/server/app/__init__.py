"""The application and what runs it: sockets, uvicorn, systemd, and the routers put together."""

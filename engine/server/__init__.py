"""The engine over HTTP and WebSocket: the application, what guards it, and a folder for each door. Decides no job.

Everything in here runs in the engine's process. FastAPI is imported here and nowhere else.
"""

"""The routes of hotfolio's own API: one module a family."""

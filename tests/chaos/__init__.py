"""`make chaos`: hotfolio as a person uses it while everything around it goes wrong, and what must hold all the same."""

"""The engine as one thing: `Engine` puts the parts together; here it is started, reloaded and examined."""

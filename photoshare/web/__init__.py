"""The web: thin views over the services, one blueprint for each kind of thing."""

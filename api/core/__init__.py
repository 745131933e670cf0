"""The modules that all resources of the API share."""

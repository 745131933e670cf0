"""The parts shared by all resources of the API."""

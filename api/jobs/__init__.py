"""The API of jobs and of the runs of jobs."""

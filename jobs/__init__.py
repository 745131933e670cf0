"""The jobs that do the work due on certain dates, with their timetable, runner and command line."""

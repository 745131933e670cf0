"""Jobs: the work that is due on certain dates, its timetable, its runner and its command line."""

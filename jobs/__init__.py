"""Work that dates call for: the timetable, its runner and the command line."""

"""The house: joins the doors to the directory, reads the settings, runs the jobs, and gives the command line."""

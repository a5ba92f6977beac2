"""The front ends to where a session lives: project files and running REAPER."""

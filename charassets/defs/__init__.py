"""Everything that imports Dagster, and nothing that does the work itself: assets, checks, jobs, sensors, schedules."""

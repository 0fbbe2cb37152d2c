"""Everything that imports Dagster, and nothing that does the work itself: assets, checks, jobs, sensors, schedules."""

import warnings

import dagster as dg

# `backfill_policy` is marked beta in the pinned release, and every load of every process would say so ten times.
warnings.filterwarnings("ignore", category=dg.BetaWarning)

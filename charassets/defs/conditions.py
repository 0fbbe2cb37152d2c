"""The automation conditions of the assets; they act only when the sensor ``fill_missing`` is switched on."""

import dagster as dg

SHARD_CONDITION = (
    dg.AutomationCondition.missing()
    & ~dg.AutomationCondition.any_deps_missing()
    & ~dg.AutomationCondition.in_progress()
    & ~dg.AutomationCondition.execution_failed()
    & dg.AutomationCondition.all_deps_blocking_checks_passed()
).with_label("missing, and its input is there and sound")
"""Level-triggered: it fills shards that existed before the sensor was switched on, and does not loop on one that fails."""

COLLECTION_CONDITION = (
    dg.AutomationCondition.cron_tick_passed("0 4 * * *").since_last_handled()
    & ~dg.AutomationCondition.any_deps_in_progress()
    & ~dg.AutomationCondition.in_progress()
).with_label("once a night, with the shards that are there")
"""``eager`` and ``on_cron`` would wait for all shards, so that one broken shard would hold back the collection for ever."""

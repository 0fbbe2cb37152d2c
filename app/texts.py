"""Every sentence of the app that is not data: names, helps, empty and failed states, buttons.

What belongs here: words for people, in one place, so that they can be read and translated in one go. Not here: words about one
record, which come from the stages (reasons, evidence).
"""

from dataclasses import dataclass


def counted(n: int, noun: str) -> str:
    """So many of something: 1 picture, 1,200 pictures."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


@dataclass(frozen=True)
class PageText:
    """A page's name in the bar, its address, and its help in one line."""

    name: str
    path: str
    help: str


PAGES: dict[str, PageText] = {
    "try": PageText(
        "Try it", "", "Drop, paste or pick pictures or a short video: who is in it, how sure we are, and why."
    ),
    "browse": PageText(
        "Browse", "browse", "Narrow the kept records by what is known of them; the address holds the filter."
    ),
    "clusters": PageText("Clusters", "clusters", "The characters found: name, merge, split, throw out, lock."),
    "duplicates": PageText(
        "Duplicates", "duplicates", "Copies side by side, why they count as copies, and which one stays."
    ),
    "review": PageText("Review", "review", "One doubt at a time, the most useful first; answer with the keyboard."),
    "identify": PageText(
        "Identify", "identify", "Whom pictures show, beside the references; your word is learnt from at the next run."
    ),
    "map": PageText("Map", "map", "Pictures that look alike lie together; a sample, counted honestly."),
    "search": PageText("Search", "search", "Find pictures by words, by a picture, or by both, within a filter."),
    "stats": PageText(
        "Stats", "stats", "What became of every record, and what the kept ones show; always over all rows."
    ),
    "export": PageText(
        "Export", "export", "Write what a trainer reads: choose a format and a filter, look first, then write."
    ),
    "train": PageText(
        "Train", "train", "Teach a classifier your own labels; measured on pictures it never saw, with intervals."
    ),
    "runs": PageText("Runs", "runs", "What was computed when, what failed, and where the space goes."),
}

BRAND = "charassets"
KEYS = "Keys ?"
LIGHT_DARK = "Light / dark"

NO_WORKSPACE = "There is no warehouse in this workspace yet"
NO_WORKSPACE_TODO = "Fill it from your own pictures with"
NO_WORKSPACE_COMMANDS = ("charassets run --source NAME=PATH", "charassets demo")
NO_WORKSPACE_MEANWHILE = "Meanwhile Try it works without one."
OR = "or see a drawn sample with"

NOTHING_KEPT = "No record was kept"
NOTHING_KEPT_TODO = "Stats shows what became of each of them and why."
NOTHING_FOUND = "Nothing passes this filter"
NOTHING_FOUND_TODO = "Take a condition away; the counts beside the values say how many each leaves."
BAD_QUERY = "This query cannot be read"
FAILED = "This cannot be shown"
FAILED_TODO = "Look again in a moment; the terminal the app runs in says what happened."
LOADING = "One moment"

UNKNOWN = "Unknown"
NO_CHARACTER = "no character"
NOBODY_KNOWN = "nobody known"
NO_PICTURE = "words only"

TRY_FILES = "Pictures, or a short video: drop, paste or pick"
TRY_TAGS = "Tags or a sentence (optional)"
TRY_TAGS_EXAMPLE = "1girl, solo, blue_hair, kimono"
TRY_EXAMPLES = "Or try one of these drawings"
TIMELINE_NOBODY = "Nobody is seen on the frames that were looked at."
TIMELINE_UNKNOWN = "nothing decided"
TIMELINE_SAYS = "a bar lasts as long as its frames stand for. Click one, or go there with Tab, to see a frame."
TRY_EMPTY = "No picture yet"
TRY_EMPTY_TODO = "Drop one on the left, paste it with Ctrl+V, or click a drawing. Nothing leaves this machine."

NO_CHARACTERS = "No character was found yet"
NO_CHARACTERS_TODO = (
    "A character needs a few pictures that look alike: add pictures, or lower clusters.min_cluster_size."
)

REVIEW_DONE = "Nothing left to ask"
REVIEW_DONE_TODO = "Every doubt has been answered or skipped, or is before another reviewer (for ten minutes at most)."

NO_COPIES = "No copies to judge"
NO_COPIES_TODO = "Nothing was found twice, or every pair has been judged. `Not duplicates` is remembered by later runs."

SEARCH_PICTURE = "A picture to look like"
SEARCH_EMPTY = "What are you looking for?"
SEARCH_EMPTY_TODO = "Type words, give a picture, or both; a filter narrows the answer."
MAP_HINT = "Click a point to see its picture, or draw a box around some."

TRAIN_EMPTY = "There is nothing to learn from"
TRAIN_EMPTY_TODO = (
    "No record is kept yet. Run a source with `charassets run`; its pictures and labels can be learnt then."
)
TRAIN_NOTHING = "Nothing was trained in this workspace yet."
TRAIN_STARTED = "The training begins; it appears below within a few seconds."

IDENTIFY_NOBODY = "There is nobody to recognise yet"
IDENTIFY_NOBODY_TODO = "A gallery holds named characters with a few pictures each:"
IDENTIFY_COMMAND = "charassets gallery add FOLDER"
IDENTIFY_DONE = "Nobody is left to name"
IDENTIFY_DONE_TODO = "Every picture was answered or skipped, or none passes this query."
IDENTIFY_OUTSIDE = "Ask about pictures of your own"
IDENTIFY_MODE = "Ask"
IDENTIFY_DEFAULT = "the gallery, as the settings say"
IDENTIFY_LOOKS = "the gallery, by looks alone"
IDENTIFY_FUSED = "the gallery, with tags and attributes"

NO_RUNS = "Dagster has not run anything in this workspace yet."
DAGSTER = "http://127.0.0.1:3000"
DAGSTER_OPEN = "Open Dagster"
DAGSTER_HOW = "for partitions, checks and logs (make ui starts it)."
EXPORT_FAILED = "The export failed; what stood before still stands"

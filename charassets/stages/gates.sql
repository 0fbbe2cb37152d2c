-- The verdict on every picture: raw measurements of `single_character_images` held against one row of gate settings.
-- One definition for the warehouse view `verdicts` and for tables in memory; {source} and {gates} are relations.
-- Joins and no lambdas, so that every DuckDB from 1.2 on reads the view.
WITH gate AS (SELECT * FROM {gates}),

-- Boxes of figures and their parts, from a mere trace of one upwards. `counts`: sure enough to be a figure.
box AS (
    SELECT
        record_id, b.label AS label, b.score AS score, b.x0 AS x0, b.y0 AS y0, b.x1 AS x1, b.y1 AS y1,
        greatest((b.x1 - b.x0) * (b.y1 - b.y0), 1e-6) AS area,
        row_number() OVER (PARTITION BY record_id, b.label ORDER BY b.score DESC) AS place,
        b.score >= CASE b.label WHEN 'person' THEN person_score WHEN 'head' THEN head_score ELSE face_score END AS counts
    FROM (SELECT record_id, unnest(boxes) AS b FROM {source}), gate
    WHERE b.label IN ('person', 'head', 'face') AND b.score >= trace_score
),
best AS (
    SELECT record_id, label, max(score) AS score, max(area) FILTER (counts) AS largest
    FROM box GROUP BY record_id, label
),
-- A box much smaller than the largest is a passer-by, a portrait on the wall, or noise.
sizeable AS (
    SELECT box.*, best.largest
    FROM box JOIN best ON box.record_id = best.record_id AND box.label = best.label, gate
    WHERE box.area >= second_figure_area * best.largest
),
-- Pairs, not a count: detectors put several boxes on one figure and one box around a group, so that a number of boxes says
-- little, while two boxes that stand apart are two figures.
pair AS (
    SELECT
        a.record_id AS record_id, a.label AS label, b.score AS second,
        a.counts AND b.counts AS both_count,
        greatest(0, least(a.x1, b.x1) - greatest(a.x0, b.x0)) * greatest(0, least(a.y1, b.y1) - greatest(a.y0, b.y0))
            / least(a.area, b.area) AS shared,
        least(a.area, b.area) / a.largest AS size,
        -- Boxes on one figure share its head: one that begins far below the other's top is somebody in front.
        a.label = 'person' AND abs(a.y0 - b.y0)
            > same_figure_drop * CASE WHEN a.area >= b.area THEN a.y1 - a.y0 ELSE b.y1 - b.y0 END
            AND (a.y0 < b.y0) = (a.area >= b.area) AS begins_below,
        a.counts AND a.label = 'person' AND b.area >= large_figure_area * a.largest AS large
    FROM sizeable AS a JOIN sizeable AS b ON a.record_id = b.record_id AND a.label = b.label AND a.place < b.place, gate
),
further AS (
    SELECT
        record_id, label,
        max(second) FILTER (both_count AND shared < same_figure_overlap) AS certain,
        max(second) FILTER (both_count AND begins_below) AS in_front,
        max(second) FILTER (
            (second >= second_figure_score AND shared < same_figure_overlap) OR (large AND shared < same_figure_overlap / 2)
        ) AS doubtful
    FROM pair, gate GROUP BY record_id, label
),

-- Heads tell figures apart best, then bodies, then faces: the first that is there decides, the others can raise a doubt.
label AS (
    SELECT best.record_id, best.label, score, largest IS NOT NULL AS counts, certain, greatest(in_front, doubtful) AS doubtful
    FROM best LEFT JOIN further ON best.record_id = further.record_id AND best.label = further.label
),
part AS (
    SELECT
        record_id,
        max(score) FILTER (label = 'person') AS person, coalesce(bool_or(counts) FILTER (label = 'person'), FALSE) AS is_person,
        max(score) FILTER (label = 'head') AS head, coalesce(bool_or(counts) FILTER (label = 'head'), FALSE) AS is_head,
        max(score) FILTER (label = 'face') AS face, coalesce(bool_or(counts) FILTER (label = 'face'), FALSE) AS is_face,
        max(certain) FILTER (label = 'person') AS second_person,
        max(certain) FILTER (label = 'head') AS second_head,
        max(certain) FILTER (label = 'face') AS second_face,
        max(doubtful) FILTER (label <> 'face') AS doubtful
    FROM label GROUP BY record_id
),
seen AS (
    SELECT
        record_id, person AS trace,
        CASE WHEN is_head THEN 'head' WHEN is_person THEN 'person' WHEN is_face THEN 'face' END AS what,
        CASE WHEN is_head THEN head WHEN is_person THEN person WHEN is_face THEN face END AS score,
        CASE WHEN is_head THEN second_head WHEN is_person THEN second_person ELSE second_face END AS second,
        greatest(doubtful, second_person, second_face) AS doubtful
    FROM part
),

-- Everything the verdict looks at, one row a record.
facts AS (
    SELECT
        p.record_id, p.width, p.height, p.sharpness, p.contrast, p.information, p.tag_figures, p.alpha_components,
        coalesce(what, '') AS what, score, second, doubtful, coalesce(trace, 0) AS trace,
        CASE WHEN what IS NULL THEN 0 WHEN second IS NULL THEN 1 ELSE 2 END AS figures,
        coalesce(alpha_coverage <= cutout_coverage, FALSE) AND trust_cutouts AS is_cutout,
        coalesce(crop_label = 'cutout' AND list_contains(cut_off, 'bottom'), FALSE) AS rests_on_edge,
        page_flag
    FROM {source} AS p
    LEFT JOIN seen ON p.record_id = seen.record_id
    LEFT JOIN (
        SELECT record_id, min(flag) AS page_flag FROM (SELECT record_id, unnest(tag_flags) AS flag FROM {source})
        WHERE flag IN ('multiple_views', 'reference_sheet', 'variations', 'collage', 'comic', 'inset', 'zoom_layer', 'multiple_persona', 'clone')
        GROUP BY record_id
    ) AS flagged ON p.record_id = flagged.record_id, gate
),

-- The first rule that applies decides: what cannot be judged, what the tags say and the boxes deny or confirm, then the
-- boxes alone.
judged AS (
    SELECT record_id, CASE
        WHEN width IS NULL
            THEN ['none', 'no picture: a record of words alone']
        WHEN least(width, height) < min_side
            THEN ['low_quality', format('the short side has {} pixels, fewer than {}', least(width, height), min_side)]
        WHEN contrast < min_contrast
            THEN ['low_quality', format('almost no contrast: {:.3f} is below {:.3f}', contrast, min_contrast)]
        WHEN information < min_information
            THEN ['low_quality', format('almost nothing to see: {:.2f} bits, fewer than {:.2f}', information, min_information)]
        WHEN sharpness < min_sharpness
            THEN ['low_quality', format('blurred: sharpness {:.1f} is below {:.1f}', sharpness, min_sharpness)]

        WHEN tag_figures = 0 AND figures > 0
            THEN ['ambiguous', format('the tags say nobody, the detector sees a {} ({:.2f})', what, score)]
        WHEN tag_figures = 0
            THEN ['none', 'the tags say nobody, and the detector sees nobody']
        WHEN tag_figures >= 2 AND figures = 1
            THEN ['ambiguous', format('the tags say {} figures, the detector sees one {} ({:.2f})', tag_figures, what, score)]
        WHEN tag_figures >= 2
            THEN ['multiple', format('the tags say {} figures', tag_figures)]
        WHEN page_flag IS NOT NULL
            THEN ['ambiguous', format('tagged {}: one character may be drawn several times', page_flag)]
        WHEN tag_figures = 1 AND figures = 2
            THEN ['ambiguous', format('the tags say one figure, the detector sees two apart ({:.2f} and {:.2f})', score, second)]
        WHEN tag_figures = 1 AND figures = 1
            THEN ['single', format('one {} ({:.2f}), and the tags say one figure', what, score)]
        WHEN tag_figures = 1 AND trust_solo_tags
            THEN ['single', 'the tags say one figure; the detector sees none']
        WHEN tag_figures = 1
            THEN ['ambiguous', 'the tags say one figure, the detector sees none']

        WHEN figures = 2
            THEN ['multiple', format('two figures apart ({:.2f} and {:.2f})', score, second)]
        WHEN is_cutout AND alpha_components > 1
            THEN ['ambiguous', format('a cut-out of {} separate parts', alpha_components)]
        WHEN figures = 1 AND is_cutout
            THEN ['single', format('a cut-out of one piece with one {} ({:.2f})', what, score)]
        WHEN figures = 1 AND doubtful IS NOT NULL
            THEN ['ambiguous', format('one {} ({:.2f}), and perhaps a second figure ({:.2f})', what, score, doubtful)]
        WHEN figures = 1
            THEN ['single', format('one {} ({:.2f})', what, score)]
        WHEN is_cutout AND alpha_components = 1 AND trace > 0
            THEN ['single', format('a cut-out of one piece, faintly a person ({:.2f})', trace)]
        WHEN is_cutout AND alpha_components = 1 AND rests_on_edge
            THEN ['single', 'a cut-out of one piece, framed like a portrait: it is cut by the lower edge']
        WHEN is_cutout AND alpha_components = 1
            THEN ['ambiguous', 'a cut-out of one piece in which the detector sees nobody']
        WHEN trace >= second_figure_score
            THEN ['ambiguous', format('perhaps a person ({:.2f}, sure from {:.2f})', trace, person_score)]
        ELSE ['none', 'the detector sees nobody']
    END AS answer
    FROM facts, gate
)
SELECT record_id, answer[1] AS verdict, answer[2] AS reason FROM judged

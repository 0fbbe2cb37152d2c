-- What became of every record, and the kept ones with everything known of them. Runs once, when the warehouse is built, over
-- its tables and the temporary ones of the build: intake (every record that arrived), answers (one row a record, two columns an
-- attribute), quarantined (records that people or their tags keep out), said_identities (people's word on whom a record shows).
-- $answer_columns is filled from the vocabulary.

CREATE TEMP TABLE judged AS SELECT record_id, verdict, reason FROM verdicts;

CREATE TABLE all_records AS
WITH
    refused AS (SELECT * FROM rejections WHERE stage = 'single_character_images'),
    fates AS (
        SELECT
            intake.record_id,
            intake.source,
            intake.shard,
            coalesce(raw.item_key, intake.locator) AS item_key,
            raw.image_id,
            CASE
                WHEN intake.outcome = 'rejected' THEN 'rejected'
                WHEN quarantined.record_id IS NOT NULL THEN 'quarantined'
                WHEN refused.record_id IS NOT NULL THEN 'rejected'
                WHEN judged.record_id IS NULL THEN 'pending'
                WHEN raw.kind = 'text' AND images.tag_figures = 0 THEN 'none'
                WHEN raw.kind = 'text' AND images.tag_figures > 1 THEN 'multiple'
                WHEN raw.kind = 'text' THEN 'kept'
                WHEN judged.verdict <> 'single' THEN judged.verdict
                WHEN NOT copies.keeper THEN 'duplicate'
                ELSE 'kept'
            END AS fate,
            coalesce(intake.code, refused.code) AS code,
            CASE WHEN NOT copies.keeper THEN copies.group_id END AS copy_of,
            CASE fate
                WHEN 'rejected' THEN coalesce(intake.detail, refused.detail)
                WHEN 'quarantined' THEN quarantined.reason
                WHEN 'duplicate' THEN copies.reason
                ELSE judged.reason
            END AS reason,
            raw.kind = 'text' AS text_only
        FROM intake
        LEFT JOIN raw_shards AS raw USING (record_id)
        LEFT JOIN quarantined USING (record_id)
        LEFT JOIN refused USING (record_id)
        LEFT JOIN judged USING (record_id)
        LEFT JOIN single_character_images AS images USING (record_id)
        LEFT JOIN near_duplicates AS copies USING (record_id)
    )
SELECT * FROM fates ORDER BY shard, item_key, record_id;

CREATE TABLE records AS
WITH
    group_sizes AS (SELECT group_id, count(*) AS copies FROM near_duplicates GROUP BY group_id),
    lent AS (
        SELECT
            record_id,
            list(struct_pack(attribute, value, copies, words) ORDER BY attribute) AS from_copies
        FROM merged_attributes GROUP BY record_id
    ),
    votes AS (
        SELECT
            record_id,
            map_from_entries(list((attribute, consensus) ORDER BY attribute)) AS consensus,
            coalesce(list(attribute ORDER BY attribute) FILTER (verdict = 'differs'), []) AS disagrees_on
        FROM cluster_consensus GROUP BY record_id
    ),
    tracked AS (SELECT unnest(records) AS record_id, track_id FROM tracks)
SELECT
    fates.record_id, fates.source, fates.shard, fates.text_only,
    clusters.character_id, clusters.probability AS character_probability,
    clusters.representative AS character_representative, clusters.sub_cluster, clusters.view, clusters.moment_of,
    votes.consensus, votes.disagrees_on,
    CASE WHEN told.record_id IS NULL THEN who.name ELSE told.name END AS identity,
    CASE
        WHEN told.record_id IS NOT NULL THEN 'reviewed'
        WHEN who.name IS NOT NULL THEN 'recognised'
        WHEN who.record_id IS NOT NULL THEN 'unknown'
    END AS identity_status,
    who.chance AS identity_chance, who.similarity AS identity_similarity, who.margin AS identity_margin,
    CASE WHEN told.record_id IS NULL THEN who.review END AS identity_review,
    $answer_columns,
    answers.mean_confidence, answers.decided, answers.reviewed, lent.from_copies,
    raw.image_id, raw.uri, raw.member, raw.item_key, raw."row", raw.kind, raw.format, raw.width, raw.height, raw.has_alpha,
    raw.tags, raw.description, raw.rating, raw.post_id, raw.artist, raw.character, raw.copyright,
    raw.episode, raw.scene, raw.frame, raw.time_s, tracked.track_id,
    images.sharpness, images.brightness, images.contrast, images.crop_label, images.crop_score, images.crop_box,
    images.crop_id, images.cut_off, images.tag_flags,
    list_sort(list_distinct(list_transform(
        list_filter(images.boxes, lambda box: box.score >= CASE box.label
            WHEN 'person' THEN gates.person_score WHEN 'head' THEN gates.head_score WHEN 'face' THEN gates.face_score END),
        lambda box: box.label
    ))) AS seen,
    copies.group_id AS duplicate_group, coalesce(group_sizes.copies, 1) AS copies
FROM all_records AS fates
CROSS JOIN gates
JOIN raw_shards AS raw USING (record_id)
LEFT JOIN single_character_images AS images USING (record_id)
LEFT JOIN near_duplicates AS copies USING (record_id)
LEFT JOIN group_sizes USING (group_id)
LEFT JOIN character_clusters AS clusters USING (record_id)
LEFT JOIN votes USING (record_id)
LEFT JOIN character_identities AS who USING (record_id)
LEFT JOIN said_identities AS told USING (record_id)
LEFT JOIN tracked USING (record_id)
LEFT JOIN lent USING (record_id)
LEFT JOIN answers USING (record_id)
WHERE fates.fate = 'kept'
ORDER BY fates.shard, fates.item_key, fates.record_id;

COMMENT ON TABLE all_records IS 'One row a record that ever arrived, with what became of it: nothing is lost.';
COMMENT ON COLUMN all_records.record_id IS 'Key of the record.';
COMMENT ON COLUMN all_records.source IS 'Name of the source.';
COMMENT ON COLUMN all_records.shard IS 'Shard the record belongs to for ever.';
COMMENT ON COLUMN all_records.item_key IS
    'Source item the record came from; of one rejected while being read its place: the path, archive#member or table#row.';
COMMENT ON COLUMN all_records.image_id IS 'Content id: equal for exact copies; null without a picture.';
COMMENT ON COLUMN all_records.fate IS
    'kept; rejected; quarantined; none, multiple, ambiguous or low_quality (the verdict); duplicate; or pending.';
COMMENT ON COLUMN all_records.code IS 'Code of a rejected record, e.g. undecodable.';
COMMENT ON COLUMN all_records.copy_of IS 'The record that was kept instead of a duplicate.';
COMMENT ON COLUMN all_records.reason IS 'Why, in words.';
COMMENT ON COLUMN all_records.text_only IS 'The record has words and no picture.';

COMMENT ON TABLE records IS
    'One row a kept record: one character, no copy of another, nothing to keep it out; with its attributes and character.';
COMMENT ON COLUMN records.shard IS 'Shard the record belongs to for ever.';
COMMENT ON COLUMN records.text_only IS 'The record has words and no picture.';
COMMENT ON COLUMN records.character_id IS 'Character it shows, e.g. character_003; null for noise and text.';
COMMENT ON COLUMN records.character_probability IS 'Strength of membership in the character, 0-1.';
COMMENT ON COLUMN records.character_representative IS 'The most central picture of its character.';
COMMENT ON COLUMN records.sub_cluster IS 'View, pose or dress within its character, 0 the commonest; null for noise.';
COMMENT ON COLUMN records.view IS 'How much it shows: face, bust, upper or figure; null where no head is seen.';
COMMENT ON COLUMN records.moment_of IS 'Earlier frame that hardly differs and stands for it; null where it stands for itself.';
COMMENT ON COLUMN records.consensus IS
    'Trait to what a strong majority of its character''s pictures show; null without a majority. See `cluster_consensus`.';
COMMENT ON COLUMN records.disagrees_on IS 'Traits on which this picture disagrees with that majority.';
COMMENT ON COLUMN records.identity IS
    'Character of the gallery it shows: a person''s word before the machine''s; null: nobody of the gallery, or not asked.';
COMMENT ON COLUMN records.identity_status IS
    'reviewed, recognised, or unknown (nobody of the gallery); null where there is no gallery or nothing to recognise.';
COMMENT ON COLUMN records.identity_chance IS
    'Chance, 0-1, that the picture shows the nearest character and not a stranger, by the machine.';
COMMENT ON COLUMN records.identity_similarity IS 'Likeness of its figure with that character''s prototypes.';
COMMENT ON COLUMN records.identity_margin IS 'Score difference to the second candidate, in natural log-odds.';
COMMENT ON COLUMN records.identity_review IS 'Why a person should look at the identity; null where nothing is in doubt.';
COMMENT ON COLUMN records.mean_confidence IS 'Mean confidence of the decided ones of the nine attributes; null if none is.';
COMMENT ON COLUMN records.decided IS 'How many of the nine attributes are decided.';
COMMENT ON COLUMN records.reviewed IS 'Attributes that a person answered; null if none. `final_attributes` has both answers.';
COMMENT ON COLUMN records.from_copies IS
    'Attributes to which words of dropped copies were added, with the copies and those words; null if none were.';
COMMENT ON COLUMN records.track_id IS 'Track of its film that the frame belongs to, see `tracks`; null where it is no frame of a film.';
COMMENT ON COLUMN records.seen IS 'What the detector saw, by the gates: any of face, head, person; null for text.';
COMMENT ON COLUMN records.duplicate_group IS 'Group of copies it was kept of: its own record_id; null for text.';
COMMENT ON COLUMN records.copies IS 'Size of that group, 1 for a picture without copies.';

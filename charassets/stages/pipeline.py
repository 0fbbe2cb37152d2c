"""The pipeline in order: which stages there are and how they are made from the settings.

What belongs here: the list. Not here: what a stage does, nor who runs it.
"""

from collections.abc import Mapping

from charassets.settings import Settings
from charassets.stages.contract import CollectionStage, Stage


def shard_stages(settings: Settings) -> Mapping[str, Stage]:
    """The per-shard stages by name, in an order in which inputs come first."""
    from charassets.stages.character_attributes import CharacterAttributes
    from charassets.stages.character_identities import CharacterIdentities
    from charassets.stages.clip_embeddings import ClipEmbeddings
    from charassets.stages.design_features import DesignFeatures
    from charassets.stages.raw_shards import RawShards
    from charassets.stages.single_character_images import SingleCharacterImages
    from charassets.stages.tag_evidence import TagEvidence
    from charassets.stages.visual_evidence import VisualEvidence

    stages: tuple[Stage, ...] = (
        RawShards(settings),
        SingleCharacterImages(settings),
        ClipEmbeddings(settings),
        DesignFeatures(settings),
        TagEvidence(settings),
        VisualEvidence(settings),
        CharacterAttributes(settings),
        CharacterIdentities(settings),
    )
    return {stage.name: stage for stage in stages}


def collection_stages(settings: Settings) -> Mapping[str, CollectionStage]:
    """The whole-collection stages by name, in an order in which inputs come first."""
    from charassets.stages.character_clusters import CharacterClusters
    from charassets.stages.cluster_consensus import ClusterConsensus
    from charassets.stages.knn_graph import KnnGraph
    from charassets.stages.merged_attributes import MergedAttributes
    from charassets.stages.near_duplicates import NearDuplicates
    from charassets.stages.tracks import Tracks

    stages: tuple[CollectionStage, ...] = (
        KnnGraph(settings),
        NearDuplicates(settings),
        MergedAttributes(settings),
        CharacterClusters(settings),
        ClusterConsensus(settings),
        Tracks(settings),
    )
    return {stage.name: stage for stage in stages}

"""A closer look at one mention, when a person opens it: which words the sentence as a whole rests on."""

from collections.abc import Sequence

from classifier.cascade import FollowingClassifier
from classifier.saying import in_its_post, what_was_said
from models import Explanation, Post, Service, Understanding


def occluded(
    classifier: FollowingClassifier,
    understanding: Understanding,
    posts: Sequence[Post],
    services: Sequence[Service],
) -> list[Explanation]:
    """The understanding's explanations, in their order, with `occluded` filled in where the encoder can tell.

    Takes up to half a second, so it is asked outside any transaction. Spans are counted in their post.
    """
    said, now = what_was_said(understanding.mention_id, understanding.mention_version, posts, {}, ""), classifier.now
    looked = now.occlude(said.text, understanding.explained(), now.offered(services))
    return [
        one
        if one.occluded is None
        else one.model_copy(update={"occluded": [in_its_post(word, said) for word in one.occluded]})
        for one in looked
    ]
